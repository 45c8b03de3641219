//! Aliases: references that messages can be sent to, until they end.
//!
//! erlang:alias/1, unalias/1, monitor/3 and the section "Process Aliases" of the reference manual's
//! chapter "Processes". A message to an alias travels to its owner like any other, and whether the
//! alias stands is asked when it arrives. One to an alias of one's own is no exception: `unalias`
//! right after drops it (OTP 25.2.3). A message to a reference that is no alias is dropped.

use super::{
    ProcessWorld, Term, Wrong,
    kind::{alias, event, message, reply, signal},
    step::{DONE, Outcome, TIMER_REF, value},
};
use crate::{trace::Trace, word::Words};

impl ProcessWorld {
    /// `make_ref/0` and `alias/1`.
    pub(super) fn make_ref(&mut self, me: u32, alias: u32, trace: &mut Trace) -> Outcome {
        let reference = self.new_reference(me, me, Term::UNDEFINED, alias);
        trace.push(Words::new(event::MAKE_REF, me, reference, u64::from(alias)));
        Words::new(reply::VALUE, 0, reference, 0)
    }

    /// `unalias/1`: true if it was an alias of the caller. A monitor of that reference stays.
    pub(super) fn unalias(&mut self, me: u32, reference: u32, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::UNALIAS, me, reference, 0));
        let Some(row) = self.tables.references.get_mut(reference as usize) else { return value(0) };
        let stood = row.owner == me && row.alias != alias::NONE;
        if stood {
            row.alias = alias::NONE;
        }
        self.writes_reference(reference);
        value(u64::from(stood))
    }

    /// `Reference ! Message`.
    pub(super) fn send_ref(
        &mut self,
        me: u32,
        reference: u32,
        term: Term,
        trace: &mut Trace,
    ) -> Outcome {
        trace.push(Words::new(event::SEND_REF, me, reference, term.0));
        let stands = |row: &&super::table::Reference| row.alias != alias::NONE;
        let row = self.tables.references.get(reference as usize).filter(stands).copied();
        if reference & TIMER_REF == 0 {
            self.writes_reference(reference);
        }
        if self.is_wrong(Wrong::PlainRefDelivers) && row.is_none() && reference & TIMER_REF == 0 {
            let owner = self.tables.references[reference as usize].owner;
            self.signal(me, owner, Words::new(signal::MESSAGE, owner, 0, term.0), trace);
        }
        if let Some(row) = row {
            let signal = Words::new(signal::ALIAS_MESSAGE, row.owner, reference, term.0);
            if row.owner == me {
                self.own_signal(me, me, signal, trace);
            } else {
                self.signal(me, row.owner, signal, trace);
            }
        }
        DONE
    }

    /// A message arrives that was sent to an alias.
    pub(super) fn alias_message_arrives(
        &mut self,
        from: u32,
        to: u32,
        signal: Words,
        trace: &mut Trace,
    ) {
        let reference = signal.arg();
        self.writes_reference(reference);
        let stays = self.is_wrong(Wrong::ReplyAliasStays);
        let row = &mut self.tables.references[reference as usize];
        let was = row.alias;
        if was == alias::NONE {
            return trace.push(Words::new(event::LOST, to, from, signal.value()));
        }
        if matches!(was, alias::REPLY | alias::REPLY_DEMONITOR) && !stays {
            row.alias = alias::NONE;
        }
        if was == alias::REPLY_DEMONITOR && std::mem::take(&mut row.active) {
            self.tell_demonitored(to, reference, trace);
        }
        if !self.is_instant() || from == to {
            trace.push(Words::new(event::DELIVER, to, from, signal.value()));
        }
        self.put_message(to, Words::new(message::USER, 0, 0, signal.value()));
    }
}
