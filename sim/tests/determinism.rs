//! Same plan, same bytes; and a tape is followed to the letter or left with the reason.

mod common;

use atropos::{
    case::{self, Case, Player},
    decisions::{
        Decisions, Divergence, Draws, Mismatch, Names, Purpose, Recorded, RunIndex, Seeded,
        Segment, Tape,
    },
    hunt::Hunt,
    invariant::Invariants,
    moves::{Move, MoveSet},
    name::Name,
    plan::{Conditions, Delivery, Plan, Spec, TimerRule},
    process::{Filter, PROFILES, Pid, ProcessScenario, ProcessWorld, Raise, Term, invariants},
    scenario::Scenario,
    scheduler::{self, End, Record},
    strategy::StrategyKind,
    trace::Digest,
    world::World,
};

/// A system with links, messages, timers, children and a dice.
fn scenario() -> ProcessScenario {
    ProcessScenario::new("busy", |world| {
        for me in 0..3_u32 {
            world.root("p", move |ctx| async move {
                ctx.trap_exit(me == 0).await;
                for step in 0..ctx.choose(4).await {
                    ctx.send(Pid::root((me + step) % 3), i64::from(step)).await;
                    ctx.yield_now().await;
                }
                let _ = ctx.link(Pid::root((me + 1) % 3)).await;
                ctx.spawn_monitor("child", |_| async { Ok(()) }).await;
                ctx.receive_after(Filter::Down, 5).await;
                ctx.receive_after(Filter::User, 5).await;
                if me == 1 { Err(Raise::exit("boom")) } else { Ok(()) }
            });
        }
    })
    .invariant(invariants::no_duplicate_link)
}

/// A client that looks a name up and trusts it.
fn racy() -> ProcessScenario {
    ProcessScenario::new("racy", |world| {
        world.root("worker", |ctx| async move {
            ctx.register("worker", ctx.me()).await?;
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        for _ in 0..2 {
            world.client("client", |ctx| async move {
                if ctx.whereis("worker").await.pid().is_some() {
                    ctx.send_name("worker", "job").await?;
                }
                Ok(())
            });
        }
    })
    .invariant(|| {
        atropos::invariant::Invariant::always(
            "no-badarg",
            "no effect raises",
            atropos::trace::EventMask::of(&[atropos::process::event::RAISED]),
            |_, _| Some("badarg".into()),
        )
    })
}

#[test]
fn a_block_is_the_same_twice_and_in_another_hunter() {
    let scenario = scenario();
    let variant = &scenario.variants()[0];
    let mut first = Hunt::new(&scenario, variant, Spec::default());
    let reports: Vec<_> = (0..8).map(|block| first.block(block, 64)).collect();
    for block in (0..8).rev() {
        let mut other = Hunt::new(&scenario, variant, Spec::default());
        let again = other.block(block, 64);
        assert_eq!(again, reports[block as usize], "block {block}");
        assert_eq!(again.unstable, None);
    }
    let digests: std::collections::BTreeSet<_> =
        reports.iter().map(|report| report.digest).collect();
    assert_eq!(digests.len(), 8, "blocks differ from each other");
}

#[test]
fn a_run_alone_is_the_run_in_its_block() {
    let scenario = racy();
    let variant = &scenario.variants()[0];
    let mut hunt = Hunt::new(&scenario, variant, Spec::default());
    let (mut seen, mut by_pct) = (0, 0);
    for block in 0..40 {
        for found in hunt.block(block, 64).found {
            let mut other = Hunt::new(&scenario, variant, Spec::default());
            let (plan, end) = other.replay(found.plan.index);
            assert_eq!(plan, found.plan);
            assert_eq!(end, End::Violated(found.violation.clone()), "{plan}");
            assert_eq!(other.case(&plan, &[], Some(&found.violation)), found.case, "{plan}");
            seen += 1;
            by_pct += u32::from(plan.strategy != StrategyKind::Uniform);
        }
    }
    assert!(seen > 10 && by_pct > 2, "only {seen} failures were compared, {by_pct} of PCT");
}

/// What a run leaves behind.
#[derive(Debug, PartialEq)]
struct Traces {
    end: End,
    digest: Digest,
    tape: Tape,
    state: Digest,
}

fn run(
    world: &mut ProcessWorld,
    program: &common::Program,
    conditions: &Conditions,
    decisions: &mut impl Decisions,
    arrivals: bool,
) -> Traces {
    world.reset(conditions, arrivals);
    common::start(world, program);
    let mut record = Record::default();
    let rules = Invariants::new(Vec::new());
    let end = scheduler::run(world, decisions, &rules, 10_000, &mut record);
    let tape = record.tape.named(world);
    Traces { end, digest: record.trace.digest(), tape, state: world.state() }
}

/// Random programs of all effects under all conditions and profiles, with the plan of each.
fn programs(count: u64) -> impl Iterator<Item = (usize, common::Program, Plan)> {
    (0..count).map(|number| {
        let index = RunIndex::nth(number);
        let mut draws = Draws::new(11, index, Purpose::Workload);
        let processes = 2 + draws.below(4);
        let program = common::random_program(&mut draws, processes, 7);
        let mut plan = Spec::default().block(index.block)[index.run as usize];
        plan.conditions = common::random_conditions(&mut draws, 2);
        (draws.below(4) as usize, program, plan)
    })
}

fn seeded_run(world: &mut ProcessWorld, program: &common::Program, plan: &Plan) -> Traces {
    let mut decisions = Seeded::new(plan.seed);
    decisions.start(plan.index, plan.strategy, 30, plan.step_limit);
    let arrivals = plan.strategy.wants_arrivals();
    run(world, program, &plan.conditions, &mut decisions, arrivals)
}

#[test]
fn a_world_that_was_used_plays_as_a_new_one() {
    let mut used = PROFILES.map(ProcessWorld::new);
    for (profile, program, plan) in programs(4_000) {
        let fresh = seeded_run(&mut ProcessWorld::new(PROFILES[profile]), &program, &plan);
        let again = seeded_run(&mut used[profile], &program, &plan);
        assert_eq!(again, fresh, "{}, {plan}, {program:?}", PROFILES[profile].name);
    }
}

#[test]
fn the_tape_of_any_run_replays_to_the_letter() {
    for (profile, program, plan) in programs(4_000) {
        let mut world = ProcessWorld::new(PROFILES[profile]);
        let first = seeded_run(&mut world, &program, &plan);
        let mut strict = Recorded::strict(&first.tape);
        let again = run(&mut world, &program, &plan.conditions, &mut strict, false);
        let what = || format!("{}, {plan}, {program:?}", PROFILES[profile].name);
        assert_eq!(strict.divergence(), None, "{}", what());
        assert_eq!(again, first, "{}", what());
    }
}

#[test]
fn a_fixed_condition_shifts_no_schedule() {
    let walkers = ProcessScenario::new("walkers", |world| {
        for _ in 0..3 {
            world.root("walker", |ctx| async move {
                for _ in 0..5 {
                    ctx.yield_now().await;
                }
                Ok(())
            });
        }
    });
    let variant = &walkers.variants()[0];
    let tapes = |delivery, timers| -> Vec<Tape> {
        let mut hunt = Hunt::new(&walkers, variant, Spec { delivery, timers, ..Spec::default() });
        let runs = (0..64).map(|run| RunIndex { block: 3, run });
        runs.map(|index| {
            hunt.replay(index);
            hunt.player().tape()
        })
        .collect()
    };
    let open = tapes(None, None);
    assert_eq!(tapes(Some(Delivery::Pairwise), None), open);
    assert_eq!(tapes(Some(Delivery::Instant), Some(TimerRule::Any)), open);
}

#[test]
fn fixing_a_condition_shifts_no_other_choice() {
    let open = Spec::default();
    let fixed = Spec { delivery: Some(Delivery::Pairwise), ..open };
    for (open, fixed) in open.block(5).into_iter().zip(fixed.block(5)) {
        assert_eq!(fixed.conditions.delivery, Delivery::Pairwise);
        assert_eq!(fixed.conditions.timers, open.conditions.timers);
        assert_eq!((fixed.strategy, fixed.index), (open.strategy, open.index));
    }
}

#[test]
fn a_block_draws_every_condition_and_strategy() {
    let plans = Spec::default().block(0);
    for delivery in [Delivery::Instant, Delivery::Pairwise] {
        assert!(plans.iter().any(|plan| plan.conditions.delivery == delivery));
    }
    for timers in [TimerRule::Idle, TimerRule::Any] {
        assert!(plans.iter().any(|plan| plan.conditions.timers == timers));
    }
    for depth in 1..=5 {
        assert!(plans.iter().any(|plan| plan.strategy == StrategyKind::Pct(depth)));
    }
}

/// Names for a set of moves that no world stands behind.
struct Plain;

impl Names for Plain {
    fn id(&self, mv: Move) -> u64 {
        self.name(mv).id()
    }

    fn name(&self, mv: Move) -> Name {
        Name::Process(vec![mv.0 + 1])
    }
}

fn set(moves: u32) -> MoveSet {
    let mut set = MoveSet::default();
    set.reset(true);
    (0..moves).for_each(|mv| set.enable(Move(mv)));
    set
}

fn seeded(kind: StrategyKind) -> Seeded {
    let mut seeded = Seeded::new(5);
    seeded.start(RunIndex::default(), kind, 50, 10_000);
    seeded
}

#[test]
fn a_draw_of_data_never_shifts_the_schedule() {
    for kind in [StrategyKind::Uniform, StrategyKind::Pct(3)] {
        let (mut plain, mut drawing) = (seeded(kind), seeded(kind));
        let moves = set(7);
        for _ in 0..100 {
            drawing.value(6);
            assert_eq!(
                plain.next_move(&moves, &Plain),
                drawing.next_move(&moves, &Plain),
                "{kind}"
            );
        }
    }
}

#[test]
fn every_source_answers_within_its_options() {
    let tape = Tape {
        segments: vec![Segment { who: Name::Process(vec![3]), steps: 1_000 }],
        values: (0..1_000).collect(),
    };
    let mut sources: Vec<Box<dyn Decisions>> = vec![
        Box::new(seeded(StrategyKind::Uniform)),
        Box::new(seeded(StrategyKind::Pct(4))),
        Box::new(Recorded::strict(&tape)),
        Box::new(Recorded::lenient(&tape)),
        Box::new(atropos::decisions::Enumerated::default()),
    ];
    for source in &mut sources {
        for options in [1, 2, 3, 1_000] {
            assert!(source.value(options) < options);
        }
        let at = source.next_move(&set(4), &Plain).expect("move 3 is on the tape and enabled");
        assert!(at < 4);
    }
}

#[test]
fn one_option_draws_nothing() {
    let (mut a, mut b) = (seeded(StrategyKind::Uniform), seeded(StrategyKind::Uniform));
    for _ in 0..10 {
        assert_eq!(a.next_move(&set(1), &Plain), Some(0));
        assert_eq!(a.value(1), 0);
    }
    assert_eq!(a.next_move(&set(1_000), &Plain), b.next_move(&set(1_000), &Plain));
    assert_eq!(a.value(1_000), b.value(1_000));
}

#[test]
fn uniform_is_uniform() {
    let mut draws = Draws::new(1, RunIndex::default(), Purpose::Data);
    let mut counts = [0_u32; 6];
    (0..60_000).for_each(|_| counts[draws.below(6) as usize] += 1);
    // Five standard deviations of a binomial with n = 60,000 and p = 1/6.
    assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 457), "{counts:?}");
}

/// A failure of the racy scenario as found.
fn failure(scenario: &ProcessScenario) -> Case {
    scenario.fuzz(1_000).expect("the race is found").case
}

#[test]
fn a_tape_replays_to_the_letter() {
    let scenario = racy();
    let case = failure(&scenario);
    let replay = scenario.replay(&case).expect("a case of this scenario");
    assert_eq!(replay.divergence, None);
    assert_eq!(replay.violation.map(|violation| violation.invariant), case.invariant);
    assert_eq!(replay.digest.check(), case.check);
}

#[test]
fn a_tape_that_no_longer_fits_says_where_and_why() {
    let scenario = racy();
    let mut case = failure(&scenario);
    let last = case.tape.segments.len() - 1;
    case.tape.segments.insert(last, Segment { who: Name::Process(vec![9]), steps: 1 });
    let before: u32 = case.tape.segments[..last].iter().map(|segment| segment.steps).sum();
    let divergence =
        scenario.replay(&case).expect("playable").divergence.expect("process 9 does not exist");
    assert_eq!(divergence.step, u64::from(before) + 1);
    let Mismatch::NotRunnable { expected, runnable } = &divergence.mismatch else {
        panic!("{divergence}")
    };
    assert_eq!(*expected, Name::Process(vec![9]));
    assert!(!runnable.is_empty() && runnable.is_sorted(), "{runnable:?}");
    assert!(divergence.to_string().contains("the tape moves 9, but only"), "{divergence}");
}

#[test]
fn a_tape_that_ends_early_or_late_has_diverged() {
    let scenario = racy();
    let case = failure(&scenario);
    let mut short = case.clone();
    short.tape.segments.pop();
    let divergence = scenario.replay(&short).expect("playable").divergence;
    assert!(
        matches!(divergence, Some(Divergence { mismatch: Mismatch::TapeEnded { .. }, .. })),
        "{divergence:?}"
    );
    let mut long = case.clone();
    long.tape.segments.push(Segment { who: Name::Process(vec![1]), steps: 5 });
    let divergence = scenario.replay(&long).expect("playable").divergence;
    assert!(
        matches!(divergence, Some(Divergence { mismatch: Mismatch::RunEnded, .. })),
        "{divergence:?}"
    );
    let mut other = case;
    other.check ^= 1;
    let divergence = scenario.replay(&other).expect("playable").divergence;
    assert!(
        matches!(divergence, Some(Divergence { mismatch: Mismatch::Events, .. })),
        "{divergence:?}"
    );
}

#[test]
fn a_lenient_tape_never_diverges_and_can_be_exact_afterwards() {
    let scenario = scenario();
    let variant = &scenario.variants()[0];
    let mut player = Player::new(&scenario, variant);
    let mut draws = Draws::new(9, RunIndex::default(), Purpose::Data);
    for _ in 0..300 {
        let segments = (0..draws.below(12))
            .map(|_| Segment {
                who: Name::Process(vec![1 + draws.below(4)]),
                steps: 1 + draws.below(5),
            })
            .collect();
        let tape = Tape { segments, values: vec![draws.below(9)] };
        let conditions = Conditions { delivery: Delivery::Pairwise, ..Conditions::default() };
        let mut lenient = Recorded::lenient(&tape);
        let end = player.play(&conditions, &[], &mut lenient, 10_000);
        assert_eq!(lenient.divergence(), None);
        let exact = player.tape();
        let mut strict = Recorded::strict(&exact);
        assert_eq!(player.play(&conditions, &[], &mut strict, 10_000), end);
        assert_eq!(strict.divergence(), None);
        assert_eq!(player.tape(), exact);
    }
}

#[test]
fn the_fingerprint_is_a_function_of_the_semantics() {
    let of = |scenario: &ProcessScenario| case::fingerprint(scenario, &scenario.variants()[0]);
    assert_eq!(of(&scenario()), of(&scenario()));
    assert_ne!(of(&scenario()), of(&racy()));
    let longer = ProcessScenario::new("busy", |world| {
        world.root("p", |ctx| async move {
            ctx.receive(Filter::Matching(Term::atom("never"))).await;
            Ok(())
        });
    });
    assert_ne!(of(&scenario()), of(&longer));
}
