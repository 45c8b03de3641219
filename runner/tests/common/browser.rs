//! A headless Chromium, driven over WebDriver: as much of the protocol as a page needs to be looked
//! at. Nothing is fetched; the driver listens on this machine.

use data_encoding::BASE64;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

const CHROMIUM: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";
/// An answer that takes longer does not come any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with a profile of its own.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with a window of this size.
    ///
    /// # Panics
    /// If it is not installed: the message says what to install.
    pub(crate) fn start(width: u32, height: u32) -> Browser {
        for binary in [CHROMIUM, DRIVER] {
            let missing = format!("{binary} is missing: apt-get install chromium chromium-driver");
            assert!(Path::new(binary).exists(), "{missing}");
        }
        let profile = TempDir::new().expect("a folder for the profile");
        let mut driver = Command::new(DRIVER)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let port = port_of(&mut driver);
        let mut browser = Browser { driver, port, session: String::new(), _profile: profile };
        let folder = browser._profile.path().display();
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--user-data-dir={folder}"),
            format!("--window-size={width},{height}"),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": CHROMIUM, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let session = browser.ask("POST", "/session", &wanted);
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        browser.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        browser
    }

    /// Opens an address, in a page of its own, and sees that it says it is ready.
    pub(crate) fn open(&self, address: &str) {
        let go = |address: &str| self.command("POST", "/url", &json!({ "url": address }));
        go("about:blank");
        // What a new browser asks for its own first page is none of ours.
        self.requests();
        go(address);
        let ready = self.run("return document.documentElement.dataset.ready !== undefined");
        assert_eq!(ready, true, "the page got ready: {:?}", self.complaints());
    }

    /// Runs the body of a function in the page, and gives what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Presses and lets go of a key.
    pub(crate) fn press(&self, key: &str) {
        let actions =
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.command("POST", "/actions", &json!({ "actions": [keyboard] }));
    }

    /// What the console said since it was asked last.
    pub(crate) fn complaints(&self) -> Vec<Value> {
        self.log("browser")
    }

    /// What was asked of any network since this was asked last.
    pub(crate) fn requests(&self) -> Vec<String> {
        let events = self.log("performance");
        let messages = events.iter().filter_map(|event| event["message"].as_str());
        let messages = messages.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let sent =
            messages.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        sent.filter_map(|event| {
            event["message"]["params"]["request"]["url"].as_str().map(str::to_owned)
        })
        .collect()
    }

    /// Sets what the reader prefers: `light` or `dark`; and for the screen or for print.
    pub(crate) fn prefer(&self, scheme: &str, media: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        let wanted = json!({ "media": media, "features": [feature] });
        self.devtools("Emulation.setEmulatedMedia", &wanted);
    }

    /// The page as printed, a PDF.
    pub(crate) fn print(&self) -> Vec<u8> {
        let printed = self.devtools("Page.printToPDF", &json!({ "printBackground": true }));
        decoded(&printed["data"])
    }

    /// What is seen, as a PNG file.
    pub(crate) fn shoot(&self, file: &Path) {
        let seen = self.command("GET", "/screenshot", &Value::Null);
        fs::write(file, decoded(&seen)).expect("the picture can be written");
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let said = self.command("POST", "/se/log", &json!({ "type": kind }));
        said.as_array().cloned().unwrap_or_default()
    }

    fn devtools(&self, command: &str, wanted: &Value) -> Value {
        let wanted = json!({ "cmd": command, "params": wanted });
        self.command("POST", "/goog/cdp/execute", &wanted)
    }

    fn command(&self, method: &str, path: &str, wanted: &Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), wanted)
    }

    /// Asks the driver and gives the value of its answer.
    fn ask(&self, method: &str, path: &str, wanted: &Value) -> Value {
        let body = if wanted.is_null() { String::new() } else { wanted.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.set_read_timeout(Some(PATIENCE)).expect("a time is set");
        stream.write_all((head + &body).as_bytes()).expect("the driver reads");
        let answer = read_answer(&mut BufReader::new(stream));
        assert!(answer["value"]["error"].is_null(), "{method} {path}: {}", answer["value"]);
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let path = format!("/session/{}", self.session);
            let end =
                format!("DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            // The browser goes with its session; the driver must go in any case.
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                let _ = stream.write_all(end.as_bytes());
                let _ = stream.read(&mut [0]);
            }
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver chose.
fn port_of(driver: &mut Child) -> u16 {
    let stdout = driver.stdout.take().expect("stdout is piped");
    let lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let mut ports = lines.filter_map(|line| {
        line.rsplit_once("on port ").and_then(|(_, port)| port.trim_end_matches('.').parse().ok())
    });
    // The first line that speaks of a port may say that it is not known yet.
    ports.find(|port| *port != 0).expect("the driver says its port")
}

fn read_answer(stream: &mut impl BufRead) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line of the answer");
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole answer");
    serde_json::from_slice(&body).expect("an answer is JSON")
}

fn decoded(data: &Value) -> Vec<u8> {
    let text = data.as_str().expect("base64");
    BASE64.decode(text.as_bytes()).expect("base64")
}
