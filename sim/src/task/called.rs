//! What the resources of the task world are called, for people.

use super::TaskWorld;
use crate::footprint::Resource;

impl TaskWorld {
    pub(super) fn called_here(&self, resource: Resource) -> Option<String> {
        let words = match resource.kind {
            b'w' => "the turn of",
            b'e' => "the end of",
            b'a' => "the abort of",
            b'r' => {
                let at = self.desk.things.borrow().iter().position(|row| row.id == resource.id)?;
                return Some(self.thing_text(at as u32));
            }
            b'q' => return Some("the run queue".to_owned()),
            b'c' => return Some("the clock".to_owned()),
            b'p' => return Some("who lives".to_owned()),
            b'h' => return Some(format!("who holds {}", self.label_text(resource.id))),
            _ => return None,
        };
        let all = 0..self.len() as u32;
        let whose = all.into_iter().find(|&task| self.desk.id_of(task) == resource.id)?;
        Some(format!("{words} {}", self.shown(whose)))
    }
}
