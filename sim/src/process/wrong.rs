//! Wrong rules, to be put in place of the right ones one at a time.
//!
//! What holds the process world to the BEAM is worth as much as the mistakes it would catch. Each of
//! these is a mistake that somebody could make in this world; a test puts one into a [`Profile`]
//! after the other and demands that conformance fails. No runtime has them.
//!
//! [`Profile`]: super::Profile

use super::ProcessWorld;
use serde::Serialize;

/// A rule that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Wrong {
    /// unlink/1 forgets its own entry and lets the EXIT of the peer through.
    UnlinkWithoutFlush,
    /// link/1 to the dead, trapping, brings nothing.
    LinkToDeadIsSilent,
    /// link/1 to the dead raises noproc even in a caller that traps.
    LinkToDeadAlwaysRaises,
    /// Monitors are told before the exit event.
    DownBeforeExit,
    /// A dead process keeps its name until everybody is told.
    NameFreedLate,
    /// A dead process keeps its name for ever.
    NameKept,
    /// An exit with reason normal kills what is linked.
    NormalKills,
    /// exit(self(), normal) is ignored like that of a stranger.
    OwnNormalIgnored,
    /// shutdown from a link is as harmless as normal.
    ShutdownIsNormal,
    /// exit(Pid, kill) can be trapped.
    KillIsTrapped,
    /// Who is killed dies with reason kill.
    KillStaysKill,
    /// Of two exit signals the last one gives the reason.
    LastExitWins,
    /// A trapped exit signal of exit/2 breaks the link.
    ExitSignalUnlinks,
    /// A child traps exits if its spawner does.
    TrapInherited,
    /// process_flag(trap_exit, _) answers the new value.
    TrapAnswersNew,
    /// An uncaught error has no stack trace.
    ErrorWithoutStack,
    /// An uncaught throw is an exit.
    ThrowIsExit,
    /// A second monitor of one process is the first.
    MonitorsMerge,
    /// demonitor/1 leaves the monitor.
    DemonitorKeeps,
    /// demonitor/1 does not tell the monitored.
    DemonitorUntold,
    /// The option flush leaves the DOWN.
    FlushLeaves,
    /// The option info always answers true.
    InfoIsTrue,
    /// A monitor of the dead tells the reason of the death.
    NoprocTellsReason,
    /// A monitor by name ends with the registration.
    NameMonitorFollowsName,
    /// The DOWN of a monitor by name names the pid.
    NameMonitorNamesPid,
    /// An alias outlives the DOWN of its monitor.
    AliasOutlivesDown,
    /// An alias outlives the demonitor of its monitor.
    AliasOutlivesDemonitor,
    /// A reply alias takes more than one message.
    ReplyAliasStays,
    /// A message to a plain reference reaches who made it.
    PlainRefDelivers,
    /// A process can have a second name.
    SecondName,
    /// A taken name goes over to the new process.
    TakenNameMoves,
    /// A send to a name that is not bound is silent.
    UnboundSendIsSilent,
    /// A send to `{Name, node()}` that is not bound raises.
    NodeFormRaises,
    /// A timer outlives the process it is for.
    TimerOutlivesTarget,
    /// A timer dies with the process that set it.
    TimerDiesWithCreator,
    /// A timer's name is looked up when it is set.
    TimerNameResolvedEarly,
    /// start_timer/3 sends its message bare.
    StartTimerBare,
    /// A cancelled timer fires.
    CancelLeaves,
    /// `after 0` looks at the first message only.
    AfterZeroLooksOnce,
    /// process_info/2 of the dead is empty rather than undefined.
    InfoOfTheDead,
    /// A cast to a name that is not bound raises.
    CastToNobodyRaises,
    /// A reply goes to the pid and not to the alias: one that comes late stays in the mailbox.
    LateReplyArrives,
    /// A call to oneself waits for a reply.
    CallToSelfWaits,
    /// gen_server:stop wraps its exits, GenServer.stop does not.
    StopReasonsSwapped,
    /// The reply of a server that stops with it is lost.
    StopReplyIsLost,
    /// The exit of a server's parent is a message like any other.
    ParentExitIsInfo,
    /// The exit of a stranger ends a server that traps.
    StrangersExitEnds,
    /// A server ends without its terminate.
    TerminateIsSkipped,
    /// A failed start with a link leaves no EXIT in a starter that traps.
    FailedStartIsQuiet,
    /// A task is not linked to its owner.
    TaskIsUnlinked,
    /// Task.await leaves its monitor when the time is over.
    AwaitKeepsMonitor,
    /// Task.shutdown leaves the link.
    ShutdownKeepsLink,
    /// A restart of a group brings temporary children back.
    TemporaryComesBack,
    /// A restart of a group counts once for each child.
    GroupCountsEach,
    /// Children are ended in the order of their start.
    EndsInStartOrder,
    /// rest_for_one restarts the children before the failed one, too.
    RestIsAll,
    /// A transient child is restarted after shutdown.
    TransientAfterShutdown,
    /// One restart more than the intensity is allowed.
    OneRestartTooMany,
    /// Restarts count for ever.
    RestartsNeverForgotten,
    /// brutal_kill asks first.
    BrutalKillAsks,
    /// Who takes longer than its time to shut down is not killed.
    ShutdownNeverKills,
    /// terminate_child forgets the specification of a permanent child.
    TerminateForgets,
    /// A supervisor whose restart failed gives up.
    FailedRestartGivesUp,
    /// A supervisor does not end with its significant children.
    AutoShutdownIgnored,
    /// A supervisor ends with children that are not significant, too.
    AllAreSignificant,
    /// A failed start of a supervisor leaves the children that were started.
    FailedStartLeavesChildren,
    /// start_child whose start failed leaves the specification.
    FailedChildStays,
    /// A temporary child whose start was ignored stays among the children.
    IgnoredTemporaryStays,
    /// A dynamic supervisor takes any number of children.
    MaxChildrenIgnored,
    /// A dynamic supervisor ends its children one by one.
    DynamicEndsOneByOne,
}

impl Wrong {
    /// Those of OTP.
    pub const OTP: [Wrong; 12] = [
        Wrong::CastToNobodyRaises,
        Wrong::LateReplyArrives,
        Wrong::CallToSelfWaits,
        Wrong::StopReasonsSwapped,
        Wrong::StopReplyIsLost,
        Wrong::ParentExitIsInfo,
        Wrong::StrangersExitEnds,
        Wrong::TerminateIsSkipped,
        Wrong::FailedStartIsQuiet,
        Wrong::TaskIsUnlinked,
        Wrong::AwaitKeepsMonitor,
        Wrong::ShutdownKeepsLink,
    ];

    /// Those of supervisors.
    pub const SUPERVISOR: [Wrong; 18] = [
        Wrong::TemporaryComesBack,
        Wrong::GroupCountsEach,
        Wrong::EndsInStartOrder,
        Wrong::RestIsAll,
        Wrong::TransientAfterShutdown,
        Wrong::OneRestartTooMany,
        Wrong::RestartsNeverForgotten,
        Wrong::BrutalKillAsks,
        Wrong::ShutdownNeverKills,
        Wrong::TerminateForgets,
        Wrong::FailedRestartGivesUp,
        Wrong::AutoShutdownIgnored,
        Wrong::AllAreSignificant,
        Wrong::FailedStartLeavesChildren,
        Wrong::FailedChildStays,
        Wrong::IgnoredTemporaryStays,
        Wrong::MaxChildrenIgnored,
        Wrong::DynamicEndsOneByOne,
    ];

    /// All those of processes.
    pub const ALL: [Wrong; 40] = [
        Wrong::UnlinkWithoutFlush,
        Wrong::LinkToDeadIsSilent,
        Wrong::LinkToDeadAlwaysRaises,
        Wrong::DownBeforeExit,
        Wrong::NameFreedLate,
        Wrong::NameKept,
        Wrong::NormalKills,
        Wrong::OwnNormalIgnored,
        Wrong::ShutdownIsNormal,
        Wrong::KillIsTrapped,
        Wrong::KillStaysKill,
        Wrong::LastExitWins,
        Wrong::ExitSignalUnlinks,
        Wrong::TrapInherited,
        Wrong::TrapAnswersNew,
        Wrong::ErrorWithoutStack,
        Wrong::ThrowIsExit,
        Wrong::MonitorsMerge,
        Wrong::DemonitorKeeps,
        Wrong::DemonitorUntold,
        Wrong::FlushLeaves,
        Wrong::InfoIsTrue,
        Wrong::NoprocTellsReason,
        Wrong::NameMonitorFollowsName,
        Wrong::NameMonitorNamesPid,
        Wrong::AliasOutlivesDown,
        Wrong::AliasOutlivesDemonitor,
        Wrong::ReplyAliasStays,
        Wrong::PlainRefDelivers,
        Wrong::SecondName,
        Wrong::TakenNameMoves,
        Wrong::UnboundSendIsSilent,
        Wrong::NodeFormRaises,
        Wrong::TimerOutlivesTarget,
        Wrong::TimerDiesWithCreator,
        Wrong::TimerNameResolvedEarly,
        Wrong::StartTimerBare,
        Wrong::CancelLeaves,
        Wrong::AfterZeroLooksOnce,
        Wrong::InfoOfTheDead,
    ];
}

impl ProcessWorld {
    /// True if this rule is wrong here, on purpose.
    #[inline]
    pub(super) fn is_wrong(&self, rule: Wrong) -> bool {
        self.profile.wrong == Some(rule)
    }
}
