//! Events of the event-loop world for people, and the path that a lost task was missing.

use super::{
    EventLoopWorld,
    desk::Desk,
    heap::{NONE, Node},
    kind::{Message, What, event},
    label::{Hold, Label},
    table::{Kind, Lost, Role, Tables, root},
};
use crate::{name::Name, timeline::Line, trace::Event};

impl Tables {
    /// A task's name and path, `writer#1.2`.
    pub(super) fn shown_task(&self, task: u32) -> String {
        let Some(row) = self.tasks.get(task as usize) else { return "the loop".to_owned() };
        let name = self.texts.text(self.object(row.node).name);
        format!("{name}#{}", Name::Process(self.path(task)))
    }

    pub(super) fn shown_root(&self, node: Node) -> &'static str {
        match node {
            root::PROGRAM => "the program",
            root::GLOBALS => "the globals",
            root::LOOP => "the loop",
            _ => "the outside",
        }
    }

    /// A reference as one says it: "the local `response`".
    pub(super) fn label_text(&self, label: Label) -> String {
        let name = self.texts.text(label.text);
        let named = |what: &str| match name {
            "" => format!("a {what}"),
            name => format!("the {what} `{name}`"),
        };
        match label.hold {
            Hold::Local => named("local variable"),
            Hold::Global => named("global variable"),
            Hold::Attribute => format!("the attribute `{name}`"),
            Hold::Item => "an item".to_owned(),
            Hold::Awaits => "its await".to_owned(),
            Hold::Coroutine => "its coroutine".to_owned(),
            Hold::Waiter => "who waits in it".to_owned(),
            Hold::Callback => "a done callback".to_owned(),
            Hold::Ready => "its ready queue".to_owned(),
            Hold::Timer => "a timer".to_owned(),
            Hold::Result => "a result".to_owned(),
            Hold::Child => "a child".to_owned(),
            Hold::Parent => "its parent task".to_owned(),
        }
    }

    /// Whose a reference is: a coroutine's is its task's.
    pub(super) fn owner(&self, holder: Node) -> String {
        let object = self.object(holder);
        match object.kind {
            Kind::Coroutine => self.shown_task(object.row),
            _ => self.described(holder),
        }
    }

    /// Which path a lost task was missing, a sentence a line.
    fn missing(&self, task: u32, lost: &Lost) -> Vec<String> {
        let mut lines = Vec::new();
        let name = self.shown_task(task);
        let went = lost.last.map(|(from, label, _)| {
            format!(", when {} let go of {}", self.owner(from), self.label_text(label))
        });
        let step = lost.step;
        lines.push(format!("nothing led to it from step {step} on{}", went.unwrap_or_default()));
        let holders: Vec<String> = lost
            .holders
            .iter()
            .map(|&(label, of)| format!("{} of {}", self.label_text(label), self.owner(of)))
            .collect();
        lines.push(match holders.as_slice() {
            [] => "no variable, attribute or collection held it".to_owned(),
            holders => {
                format!("it was held by {}, and nothing outside led to that", holders.join(" and "))
            }
        });
        if let Some(gone) = lost.outside {
            let what = match self.object(gone.to).kind {
                Kind::Task if self.object(gone.to).row == task => String::new(),
                _ => format!(", to {}", self.described(gone.to)),
            };
            lines.push(format!(
                "the last way to it from outside was {} of {}{what}, until step {}",
                self.label_text(gone.label),
                self.owner(gone.from),
                gone.step
            ));
        }
        lines.push(format!(
            "missing is a reference to {name} from outside of what it reaches itself: a set that keeps \
             it until it is done, a variable of who awaits it, a TaskGroup"
        ));
        lines
    }
}

impl Desk {
    /// An object for people.
    pub(super) fn shown(&self, node: Node) -> String {
        self.tables.borrow().described(node)
    }
}

impl EventLoopWorld {
    /// Which path was missing: what had held the task, what let go of it and when.
    pub(super) fn missing_path(&self, task: u32) -> Option<Vec<String>> {
        let tables = self.desk.tables.borrow();
        let lost = tables.tasks.get(task as usize)?.lost.as_ref()?;
        Some(tables.missing(task, lost))
    }

    pub(super) fn line_of(&self, event: Event) -> Option<Line> {
        let tables = self.desk.tables.borrow();
        let who = event.who();
        if tables.tasks.get(who as usize).is_some_and(|task| task.is_quiet) {
            return None;
        }
        let text = self.event_text(&tables, event)?;
        let me = match (event.kind(), who) {
            (event::COLLECT, _) => "collector".to_owned(),
            (event::REPLY, _) => "outside".to_owned(),
            (event::FAULT | event::NO_FAULT, _) => "fault".to_owned(),
            (_, event::LOOP) => "loop".to_owned(),
            (_, event::PROGRAM) => "program".to_owned(),
            (_, task) => tables.shown_task(task),
        };
        let to = match event.kind() {
            event::SPAWNED => {
                if tables.tasks[event.arg() as usize].is_quiet {
                    return None;
                }
                Some(tables.shown_task(event.arg()))
            }
            event::FAULT => Some(tables.shown_task(who)),
            event::REPLY => tables.tasks.get(who as usize).map(|_| tables.shown_task(who)),
            event::CANCEL => tables.task_of(event.arg()).map(|task| tables.shown_task(task)),
            _ => None,
        };
        Some(Line { to: to.filter(|to| *to != me), who: me, text })
    }

    fn event_text(&self, tables: &Tables, event: Event) -> Option<String> {
        let (arg, value) = (event.arg(), event.value());
        let error = |number: u64| {
            let at = usize::try_from(number).ok()?.checked_sub(1)?;
            tables.errors.get(at).map(ToString::to_string)
        };
        let error = |number| error(number).unwrap_or_default();
        Some(match event.kind() {
            event::AWAITS if arg == NONE => "· sleep(0)".to_owned(),
            event::AWAITS => {
                let name = tables.texts.text(tables.object(arg).name);
                let what = match tables.task_of(arg) {
                    Some(task) => tables.shown_task(task),
                    None if matches!(tables.future(arg).role, Role::Gather { .. }) => {
                        "gather".to_owned()
                    }
                    None if !name.is_empty() => name.to_owned(),
                    None => What::text_of(value).to_owned(),
                };
                format!("· awaits {what}")
            }
            event::RETURNED => "✓ returns".to_owned(),
            event::RAISED => format!("✗ raises {}", error(value)),
            event::PANICKED => format!("✗ panics: {}", error(value)),
            event::CANCELLED => "✗ cancelled".to_owned(),
            event::SPAWNED => "create_task".to_owned(),
            event::CANCEL if value == 1 => "cancel".to_owned(),
            event::CANCEL => "cancel, but it is done".to_owned(),
            event::TIMER => "timer".to_owned(),
            event::REPLY => "answers".to_owned(),
            event::UNREACHABLE => "✗ nothing holds it any more".to_owned(),
            event::DESTROYED => "✗ destroyed, pending".to_owned(),
            event::COLLECT => match value {
                1 => "gc: 1 object".to_owned(),
                objects => format!("gc: {objects} objects"),
            },
            event::GENERATOR_EXIT => "✗ GeneratorExit".to_owned(),
            event::UNRAISABLE => format!("✗ unraisable: {}", error(value)),
            event::HANDLER => {
                let message = Message::of_number(arg)?;
                if message == Message::Destroyed {
                    return None;
                }
                let error = Some(error(value)).filter(|text| !text.is_empty());
                let error = error.map(|text| format!(": {text}")).unwrap_or_default();
                format!("✗ {}{error}", message.text())
            }
            event::LOG | event::MARK => tables.texts.of_hash(value).to_owned(),
            event::ITEMS_LOST => {
                format!("✗ lost with {value} of its items: {}", tables.described(arg))
            }
            event::FAULT => "✗ cancel".to_owned(),
            event::NO_FAULT => "cancel nobody".to_owned(),
            event::PUT => format!("put {}", tables.short(arg)),
            event::GOT => format!("get {}", tables.short(arg)),
            event::RUN_RAISED => format!("✗ run raises {}", error(value)),
            event::CLOSE_GENERATOR => format!("closes {}", tables.described(arg)),
            _ => return None,
        })
    }
}

impl Tables {
    /// An object's name, or what it is.
    pub(super) fn short(&self, node: Node) -> &str {
        let object = self.object(node);
        match self.texts.text(object.name) {
            "" => object.kind.text(),
            name => name,
        }
    }

    /// The objects of a kind that are there.
    pub(super) fn there(&self, kind: Kind) -> impl Iterator<Item = Node> + '_ {
        let all = 0..self.objects.len() as Node;
        all.filter(move |&node| self.object(node).kind == kind && self.is_there(node))
    }
}
