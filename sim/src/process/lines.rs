//! Events of the process world for people.

use super::{
    BY_LINK, PARTY, Pid, ProcessWorld, Ref, Shape, Term,
    kind::{event, filter, item, spawn},
    step::TIMER_REF,
    term::atom_name,
};
use crate::{name::Name, timeline::Line, trace::Event, word::Words};

impl ProcessWorld {
    pub(super) fn line_of(&self, event: Event) -> Option<Line> {
        let text = self.event_text(event)?;
        let party = |pid: u32| Some(self.shown(Pid(pid & PARTY)));
        let to = match event.kind() {
            event::SPAWN
            | event::LINK
            | event::UNLINK
            | event::EXIT2
            | event::MONITOR
            | event::CUE
            | event::SEND => party(event.arg()),
            _ => None,
        };
        // What comes from another process is drawn from there.
        let from = match event.kind() {
            event::EXIT_TRAPPED | event::EXIT_IGNORED | event::EXIT_FATAL | event::EXIT_DROPPED => {
                party(event.arg())
            }
            event::LINKED | event::UNLINKED | event::UNLINK_ACKED | event::MONITORED => {
                party(event.arg())
            }
            event::DEMONITORED | event::DELIVER | event::LOST => party(event.arg()),
            event::DOWN | event::DOWN_DROPPED => {
                self.target_of(event.arg()).map(|pid| self.shown(pid))
            }
            event::FAULT => Some("fault".to_owned()),
            _ => None,
        };
        let who = if event.kind() == event::FAULT { event.arg() } else { event.who() };
        let me = self.shown(Pid(who));
        Some(match from {
            Some(from) if from != me => Line { who: from, text, to: Some(me) },
            _ => Line { to: to.filter(|to| *to != me), who: me, text },
        })
    }

    fn target_of(&self, monitor: u32) -> Option<Pid> {
        self.tables.references.get(monitor as usize).map(|row| Pid(row.target))
    }

    fn event_text(&self, event: Event) -> Option<String> {
        let term = |word: u64| self.text(Term(word));
        let (arg, value) = (event.arg(), event.value());
        Some(match event.kind() {
            // In a directed world that is how a report begins.
            event::YIELD if self.director_pid().is_some() => return None,
            event::YIELD => "· yield".to_owned(),
            event::SPAWN => spawn_text(value as u32).to_owned(),
            event::LINK => "link".to_owned(),
            event::UNLINK => "unlink".to_owned(),
            event::EXIT if self.director_pid() == Some(Pid(event.who())) => return None,
            event::EXIT => format!("✗ exit {}", term(value)),
            event::EXIT2 => format!("exit/2 {}", term(value)),
            event::TRAP => format!("trap_exit {}", if arg == 1 { "on" } else { "off" }),
            event::MONITOR => "monitor".to_owned(),
            event::DEMONITOR => format!("demonitor {}", self.shown_ref(Ref(arg))),
            event::REGISTER => format!("register {} as {}", self.shown(Pid(arg)), term(value)),
            event::UNREGISTER => format!("unregister {}", term(value)),
            event::WHEREIS => format!("whereis {}", term(value)),
            event::SEND => format!("send {}", term(value)),
            event::RECEIVE => format!("receive {}", term(value)),
            event::RECEIVE_EXIT => {
                format!("receive EXIT {} {}", self.shown(Pid(arg & PARTY)), term(value))
            }
            event::RECEIVE_DOWN => {
                let who = self.target_of(arg).map(|pid| self.shown(pid)).unwrap_or_default();
                format!("receive DOWN {who} {}", term(value))
            }
            event::TIMEOUT => "receive timed out".to_owned(),
            event::EXIT_TRAPPED => format!("EXIT {}", term(value)),
            event::EXIT_IGNORED => format!("EXIT {}, ignored", term(value)),
            event::EXIT_FATAL if arg & BY_LINK != 0 => format!("EXIT {}, fatal", term(value)),
            event::EXIT_FATAL => format!("exit signal {}, fatal", term(value)),
            event::EXIT_DROPPED => format!("EXIT {}, dropped", term(value)),
            event::DOWN => format!("DOWN {}", term(value)),
            event::DOWN_DROPPED => format!("DOWN {}, dropped", term(value)),
            event::LINKED => "link arrives".to_owned(),
            event::UNLINKED => "unlink arrives".to_owned(),
            event::UNLINK_ACKED => "unlink acknowledged".to_owned(),
            event::MONITORED => "monitor arrives".to_owned(),
            event::DEMONITORED => "demonitor arrives".to_owned(),
            event::DELIVER => format!("{} arrives", term(value)),
            event::LOST => format!("{} lost", term(value)),
            event::TIMER_SET => format!("timer {}: {value} ms", self.timer_name(arg)),
            event::TIMER_FIRED => {
                let owner = self.tables.path(event.who());
                format!("timer {} fires", Name::Timer(owner, value as u32))
            }
            event::TIMER_CANCELLED if value == 1 => {
                format!("timer {} cancelled", self.timer_name(arg))
            }
            event::TIMER_CANCELLED => "timer not armed".to_owned(),
            event::INFO => format!("{} of {}", item_text(value as u32), self.shown(Pid(arg))),
            event::MONITOR_NAME => format!("monitor {}", term(value)),
            event::MAKE_REF if value == 0 => "make_ref".to_owned(),
            event::MAKE_REF => format!("alias {}", self.shown_ref(Ref(arg))),
            event::UNALIAS => format!("unalias {}", self.shown_ref(Ref(arg))),
            event::SEND_REF => format!("send {} to {}", term(value), self.shown_ref(Ref(arg))),
            event::CUE => self.command_text(Term(value)),
            event::STAGE | event::TURN => return None,
            event::ALIVE => {
                format!("{} is {}", self.shown(Pid(arg)), if value == 1 { "alive" } else { "dead" })
            }
            event::MONOTONIC_TIME => format!("monotonic_time {value} ms"),
            event::CHOSE => format!("choose {value} of {arg}"),
            event::RAISED => format!("! error {}", term(value)),
            event::PANICKED => format!("✗ panic: {}", self.panic_of(Pid(event.who()))),
            event::FAULT if value == 1 => "fault: kill".to_owned(),
            event::FAULT | event::STALE_USE => return None,
            event::HOLD => format!("keep {} as {}", self.shown(Pid(arg)), term(value)),
            event::RELEASE => format!("let go of {}", term(value)),
            event::MARK => format!("mark {}", term(value)),
            event::STATE => format!("state {}", term(value)),
            event::REFUSED => "an effect while it was dropped".to_owned(),
            other => format!("event {other}"),
        })
    }

    /// A command that is a tuple is shown by its first element.
    fn command_text(&self, command: Term) -> String {
        let terms = self.desk.terms.borrow();
        let first = terms.elements(command).and_then(|elements| elements.first());
        match first.map(|&first| terms.shape(first)) {
            Some(Shape::LongAtom(text)) => text.to_owned(),
            Some(Shape::ShortAtom(atom)) => atom_name(atom),
            _ => terms.text(command, &|t| self.text_of_index(t)),
        }
    }

    /// What the body of a process said when it panicked.
    pub(super) fn panic_of(&self, pid: Pid) -> &str {
        self.tables.processes[pid.index()].panic.as_deref().unwrap_or("nothing")
    }

    pub(super) fn shown_ref(&self, Ref(reference): Ref) -> String {
        if reference & TIMER_REF != 0 {
            return format!("timer {}", self.timer_name(reference & !TIMER_REF));
        }
        match self.tables.references.get(reference as usize) {
            Some(row) => {
                let kind = if row.is_monitor() { "monitor" } else { "reference" };
                format!("{kind} {}~{}", Name::Process(self.tables.path(row.owner)), row.ordinal)
            }
            None => "a reference of another run".to_owned(),
        }
    }

    fn timer_name(&self, timer: u32) -> String {
        match self.tables.timers.get(timer) {
            Some(row) => Name::Timer(self.tables.path(row.owner), row.ordinal).to_string(),
            None => "of another run".to_owned(),
        }
    }

    /// What a receive waits for.
    pub(super) fn wanted_text(&self, wanted: Words) -> String {
        match wanted.arg() & filter::KIND {
            filter::TERM => format!("a message like {}", self.text(Term(wanted.value()))),
            filter::ONE_OF => format!("one of {}", self.text(Term(wanted.value()))),
            filter::EXIT => "an EXIT".to_owned(),
            filter::EXIT_FROM => format!("the EXIT of {}", self.shown(Pid(wanted.who()))),
            filter::DOWN => "a DOWN".to_owned(),
            filter::DOWN_OF => {
                format!("the DOWN of {}", self.shown_ref(Ref(wanted.value() as u32)))
            }
            _ => "a message".to_owned(),
        }
    }
}

fn item_text(item: u32) -> &'static str {
    match item {
        item::LINKS => "links",
        item::MONITORS => "monitors",
        item::MONITORED_BY => "monitored_by",
        item::TRAP_EXIT => "trap_exit",
        item::REGISTERED_NAME => "registered_name",
        item::MESSAGES => "messages",
        _ => "message_queue_len",
    }
}

fn spawn_text(options: u32) -> &'static str {
    match options & (spawn::LINK | spawn::MONITOR) {
        spawn::LINK => "spawn_link",
        spawn::MONITOR => "spawn_monitor",
        0 => "spawn",
        _ => "spawn_opt",
    }
}
