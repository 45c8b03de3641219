//! What the resources of the process world are called, for people.

use super::{ProcessWorld, Term};
use crate::footprint::Resource;

/// Of a process: `the mailbox of b#2`.
const OF_A_PROCESS: [(u8, &str); 8] = [
    (b'l', "the life of"),
    (b'd', "the end of"),
    (b't', "the trap_exit flag of"),
    (b'm', "the mailbox of"),
    (b'b', "the mailbox of"),
    (b'o', "the links of"),
    (b'g', "the name of"),
    (b'w', "the time-outs of"),
];

impl ProcessWorld {
    pub(super) fn called_here(&self, resource: Resource) -> Option<String> {
        let shown = |process: u32| self.shown(super::Pid(process));
        let all = || 0..self.len() as u32;
        if let Some((kind, words)) = OF_A_PROCESS.iter().find(|(kind, _)| *kind == resource.kind) {
            let whose = all().find(|&process| self.of_process(*kind, process) == resource)?;
            return Some(format!("{words} {}", shown(whose)));
        }
        match resource.kind {
            b'e' => Some("a message".to_owned()),
            b'p' => Some("who lives".to_owned()),
            b'n' => Some(format!("the name {}", self.text(Term(resource.id)))),
            b'k' => {
                let mut pairs = all().flat_map(|a| (0..=a).map(move |b| (b, a)));
                let (a, b) = pairs.find(|&(a, b)| self.link_of(a, b) == resource)?;
                Some(format!("the link of {} and {}", shown(a), shown(b)))
            }
            b'r' => {
                let all = 0..self.tables.references.len() as u32;
                let found =
                    all.into_iter().find(|&row| self.tables.reference_id(row) == resource.id)?;
                Some(self.shown_ref(super::Ref(found)))
            }
            b'c' => {
                let mut channels = self.tables.channels.iter();
                let row = channels.find(|row| self.channel_of(row.from, row.to) == resource)?;
                Some(format!("what is on its way from {} to {}", shown(row.from), shown(row.to)))
            }
            _ => None,
        }
    }
}
