//! Lost tasks: what let go of them last, and how that had led to them.

use super::{
    desk::Desk,
    heap::Node,
    kind::event,
    label::{Hold, Label},
    table::{Kind, Lost, Tables},
};
use std::collections::VecDeque;

impl Desk {
    /// Finds what no root reaches any more since this was asked last, and tells of the tasks among
    /// it.
    #[inline]
    pub(super) fn settle(&self) {
        if self.tables.borrow().heap.has_doubts() {
            self.settle_doubts();
        }
    }

    fn settle_doubts(&self) {
        let mut lost = Vec::new();
        self.tables.borrow_mut().heap.settle(&mut lost);
        lost.sort_unstable();
        for &node in &lost {
            let task = self.tables.borrow().pending_task(node);
            if let Some(task) = task {
                self.lose(task, node, &lost);
            }
        }
    }

    fn lose(&self, task: u32, node: Node, island: &[Node]) {
        let let_go = self.let_go.borrow();
        let last = let_go.iter().rev().find(|(_, _, to)| island.binary_search(to).is_ok());
        let last = last.copied();
        let mut tables = self.tables.borrow_mut();
        let way = last.map_or_else(Vec::new, |(_, _, to)| tables.way(to, node));
        let step = tables.steps;
        tables.tasks[task as usize].lost = Some(Lost { step, last, way });
        tables.lost_tasks.push(task);
        drop(tables);
        self.tells(event::UNREACHABLE, task, 0, 0);
    }

    /// True if the collector would destroy a task: it is pending, and no root reaches it.
    pub(super) fn has_lost_task(&self) -> bool {
        let mut tables = self.tables.borrow_mut();
        let Tables { heap, tasks, lost_tasks, .. } = &mut *tables;
        lost_tasks.retain(|&task| {
            let row = &tasks[task as usize];
            row.destroyed.is_none() && heap.is_lost(row.node)
        });
        !lost_tasks.is_empty()
    }
}

impl Tables {
    /// The task of an object that is a pending one and not told of yet.
    fn pending_task(&self, node: Node) -> Option<u32> {
        let task = self.task_of(node)?;
        let row = &self.tasks[task as usize];
        let open = row.lost.is_none() && row.destroyed.is_none() && !self.future(node).is_done();
        open.then_some(task)
    }

    /// The shortest way from one object to another one: each reference with whom it leads to.
    fn way(&self, from: Node, to: Node) -> Vec<(Label, Node)> {
        let mut seen = vec![from];
        let mut came: Vec<(Node, usize, Label)> = vec![(from, 0, Label::plain(Hold::Local))];
        let mut todo = VecDeque::from([0_usize]);
        while let Some(at) = todo.pop_front() {
            let node = came[at].0;
            if node == to {
                return unwind(&came, at);
            }
            for edge in self.heap.holds(node) {
                let reference = self.heap.reference(edge);
                if self.heap.is_lost(reference.to) && !seen.contains(&reference.to) {
                    seen.push(reference.to);
                    came.push((reference.to, at, reference.label));
                    todo.push_back(came.len() - 1);
                }
            }
        }
        Vec::new()
    }

    /// An object for people: its name or kind, and where it was made.
    pub(super) fn described(&self, node: Node) -> String {
        let object = self.object(node);
        match object.kind {
            Kind::Task => self.shown_task(object.row),
            Kind::Coroutine => format!("the coroutine of {}", self.shown_task(object.row)),
            Kind::Root => self.shown_root(node).to_owned(),
            kind => {
                let at = object.site.map(|site| format!(" ({})", crate::site::text(site)));
                let name = self.texts.text(object.name);
                let name =
                    if name.is_empty() { kind.text().to_owned() } else { format!("`{name}`") };
                format!("{name}{}", at.unwrap_or_default())
            }
        }
    }
}

fn unwind(came: &[(Node, usize, Label)], at: usize) -> Vec<(Label, Node)> {
    let mut way = Vec::new();
    let mut at = at;
    while at != 0 {
        let (node, before, label) = came[at];
        way.push((label, node));
        at = before;
    }
    way.reverse();
    way
}
