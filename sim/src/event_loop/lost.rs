//! Lost tasks: what let go of them last, and how that had led to them.

use super::{
    desk::Desk,
    heap::Node,
    kind::event,
    label::Label,
    table::{Kind, LetGo, Lost, Tables},
};

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
        let tasks: Vec<u32> = {
            let tables = self.tables.borrow();
            lost.iter().filter_map(|&node| tables.pending_task(node)).collect()
        };
        if !tasks.is_empty() {
            self.lose(&tasks, &lost);
        }
    }

    /// Tasks were lost with all of `lost`: what they have in common is looked for once.
    fn lose(&self, tasks: &[u32], lost: &[Node]) {
        let let_go = self.let_go.borrow();
        let last = let_go.iter().rev().find(|(_, _, to)| lost.binary_search(to).is_ok()).copied();
        let mut tables = self.tables.borrow_mut();
        let step = tables.steps;
        let outside = tables.last_from_outside(lost);
        for &task in tasks {
            let holders = tables.holders(tables.tasks[task as usize].node);
            let row = &mut tables.tasks[task as usize];
            let awaited = row.waiter.map(|(future, _)| future);
            row.lost = Some(Lost { step, last, holders, outside, awaited });
            tables.lost_tasks.push(task);
            self.tells(event::UNREACHABLE, task, 0, 0);
        }
    }

    /// True if the collector would destroy a task: it is pending, and no root reaches it.
    pub(super) fn has_lost_task(&self) -> bool {
        let mut tables = self.tables.borrow_mut();
        let Tables { heap, tasks, lost_tasks, futures, objects, .. } = &mut *tables;
        lost_tasks.retain(|&task| {
            let row = &tasks[task as usize];
            let future = &futures[objects[row.node as usize].future as usize];
            row.destroyed.is_none() && !future.is_done() && heap.is_lost(row.node)
        });
        !lost_tasks.is_empty()
    }
}

impl Tables {
    /// The task of an object that is a pending one.
    fn pending_task(&self, node: Node) -> Option<u32> {
        let task = self.task_of(node)?;
        let destroyed = self.tasks[task as usize].destroyed.is_some();
        (!destroyed && !self.future(node).is_done()).then_some(task)
    }

    /// Whose variables, attributes and collections hold an object.
    pub(super) fn holders(&self, node: Node) -> Vec<(Label, Node)> {
        let references = self.heap.held_by(node).map(|edge| self.heap.reference(edge));
        let mut holders: Vec<(Label, Node)> = references
            .filter(|reference| reference.label.is_of_program())
            .map(|reference| (reference.label, reference.from))
            .collect();
        holders.reverse();
        holders
    }

    /// The last reference of the program from outside into what was lost.
    fn last_from_outside(&self, island: &[Node]) -> Option<LetGo> {
        let into = island.iter().filter_map(|&to| self.object(to).let_go);
        let from_outside = into.filter(|gone| island.binary_search(&gone.from).is_err());
        from_outside.max_by_key(|gone| gone.nth)
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
