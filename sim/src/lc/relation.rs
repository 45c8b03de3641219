//! Which events of lc-v1 conflict under each relation.

use crate::{
    footprint::{Footprint, Resource},
    relation::Relation,
};

/// Kinds of things that events touch.
pub(super) mod kind {
    pub(crate) const VAR: u8 = b'v';
    pub(crate) const LOCK: u8 = b'k';
    pub(crate) const MAILBOX: u8 = b'm';
    pub(crate) const LIFE: u8 = b'l';
    pub(crate) const DOOM: u8 = b'd';
    pub(crate) const TRAP: u8 = b't';
    pub(crate) const LINK: u8 = b'e';
    pub(crate) const MONITOR: u8 = b'o';
    pub(crate) const NAME: u8 = b'n';
    pub(crate) const NAME_OF: u8 = b'g';
    pub(crate) const TIMER: u8 = b'i';
    pub(crate) const TASK: u8 = b'a';
    pub(crate) const ROOT: u8 = b'r';
    pub(crate) const CHANNEL: u8 = b'c';
    /// Ties: what sent a message, whom a process is linked to, and that it was born.
    pub(crate) const BIRTH: u8 = b'b';
    pub(crate) const MESSAGE: u8 = b's';
    pub(crate) const LINKS: u8 = b'p';
}

/// What kind of event it was, as far as a relation cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nature {
    /// A successful receive.
    pub(super) received: bool,
    /// A message on its way: send, send_name, a timer that fires, a DOWN, an exit signal that dooms
    /// nobody.
    pub(super) is_message: bool,
    /// An exit event, or an exit signal that dooms nobody.
    pub(super) drops_links: bool,
    /// A link notification without effect.
    pub(super) is_idle_notice: bool,
}

impl Relation {
    /// Whether a resource counts for an event of this nature.
    fn keeps(self, nature: Nature, resource: Resource) -> bool {
        match (self, resource.kind) {
            (Relation::Full, _) => true,
            (Relation::Arrival, kind::MAILBOX) => !nature.received,
            (Relation::Arrival, _) => true,
            (Relation::Observer, kind::MAILBOX | kind::MONITOR) => false,
            (Relation::Observer, kind::LIFE) => !nature.is_message,
            (Relation::Observer, kind::LINK) => !nature.drops_links,
            (Relation::Observer, _) => true,
        }
    }

    /// The footprint under this relation of an event with this full footprint.
    pub(super) fn narrow(self, nature: Nature, full: &Footprint, into: &mut Footprint) {
        into.clear();
        into.join_some(full, |resource| self.keeps(nature, resource));
        if full.is_plain() {
            into.make_plain();
        }
    }
}
