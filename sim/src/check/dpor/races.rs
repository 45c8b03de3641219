//! What could have come otherwise in the schedule at hand, and how that is planned.

use super::{
    Draws, Reduction, Set, Steps,
    search::{Point, Search, Taken, can_play, play},
    wakeup::{Step, Who, initial, joined},
};
use crate::world::World;
use std::rc::Rc;

/// Two steps that conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Race {
    /// They cannot come the other way round.
    None,
    /// They can, and that was explored, whatever follows.
    Settled,
    /// They can; what it leads to depends on what follows.
    Open,
}

/// Which step was explored that can come first in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Explored {
    /// The one at this place.
    At(usize),
    /// The one after it.
    Last,
}

impl Search {
    /// Plans, for each race of the schedule at hand, how it is turned round. A race that it shares
    /// with the one before counts again, as long as what follows the two may make a difference.
    pub(super) fn plan_reversals(&mut self, run: &mut impl Steps) {
        let mut wanted = Vec::new();
        run.world().wanted(&mut wanted);
        for later in 1..self.steps.len() {
            let step = Rc::clone(&self.steps[later].step);
            let open = match self.steps[later].races.take() {
                None => self.plan_reversals_of(&step, later, run),
                Some(mut races) => {
                    races.retain(|&(at, is_free)| {
                        self.plan_reversal(at, (later, &step), is_free, run) == Race::Open
                    });
                    races
                }
            };
            self.steps[later].races = Some(open);
        }
        // Who is kept from a step to the end would have taken it earlier.
        for (mover, print) in wanted {
            let who = Who { mover, choice: 0 };
            let step = Rc::new(Step { who, values: Vec::new(), print, offers: Vec::new() });
            self.plan_reversals_of(&step, self.steps.len(), run);
        }
        self.plan_rivals(run);
    }

    /// The races of a step that stands, or would stand, at a place: earlier ones that it conflicts
    /// with, of others, with nothing between that keeps them apart. One that could not come the other
    /// way round (a lock is taken after it was given back, a message received after it was sent) keeps
    /// nothing apart: what the step really waited for lies further back. Says which are open, and for
    /// each whether nothing between had to come before the step.
    fn plan_reversals_of(
        &mut self,
        step: &Rc<Step>,
        place: usize,
        run: &mut impl Steps,
    ) -> Vec<(usize, bool)> {
        let mut known = self.past_of(step, place);
        let (mut open, mut is_free) = (Vec::new(), true);
        for at in (0..place).rev() {
            if known.has(at) || !self.steps[at].step.conflicts(step) {
                continue;
            }
            known.add(at);
            let race = self.plan_reversal(at, (place, step), is_free, run);
            if race == Race::Open {
                open.push((at, is_free));
            }
            if race == Race::None {
                is_free = false;
            } else {
                known.join(&self.steps[at].before);
            }
        }
        open
    }

    /// Plans that the later step comes first, after all of the schedule that does not depend on the
    /// earlier one. `is_free` says that nothing between the two had to come before the later one.
    fn plan_reversal(
        &mut self,
        earlier: usize,
        (place, later): (usize, &Rc<Step>),
        is_free: bool,
        run: &mut impl Steps,
    ) -> Race {
        let overtaken = &self.steps[earlier].step.print;
        let steady = is_free && later.who.choice == 0 && !later.print.depends_on(overtaken);
        let follows = (earlier + 1..self.steps.len())
            .filter(|&at| at != place && !self.steps[at].before.has(earlier));
        let sequence = follows.clone().map(|at| &self.steps[at].step);
        match self.points[earlier].explored(sequence.clone(), later.who) {
            Some(Explored::At(at)) if follows.clone().nth(at) < Some(place) => {
                return Race::Settled;
            }
            Some(Explored::Last) if steady => return Race::Settled,
            Some(_) => return Race::Open,
            None => {}
        }
        let mut sequence: Vec<Rc<Step>> = sequence.cloned().collect();
        if steady {
            sequence.push(Rc::clone(later));
        } else {
            // In its new place it may touch other things than in the old one.
            let told = (later.who, later.values.as_slice());
            let Some(step) = self.play_after(earlier, &sequence, told, run) else {
                return Race::None;
            };
            sequence.push(Rc::new(step));
        }
        self.plan(earlier, sequence, run);
        Race::Open
    }

    /// A step as it would be after a sequence from a point on; none if it is not possible there.
    fn play_after(
        &mut self,
        point: usize,
        sequence: &[Rc<Step>],
        (who, values): (Who, &[u32]),
        run: &mut impl Steps,
    ) -> Option<Step> {
        if !self.lead(point, sequence, run) {
            return None;
        }
        let (mv, barrier) = can_play(run, who)?;
        let mut draws = Draws::default();
        draws.tell(values);
        Some(play(run, mv, &mut draws, barrier).0)
    }

    /// What the mover of a step depends on before it.
    fn past_of(&self, step: &Step, place: usize) -> Set {
        let own =
            self.steps[..place].iter().rposition(|taken| taken.step.who.mover == step.who.mover);
        own.map_or_else(Set::default, |own| self.with_past(own))
    }

    /// A step and all that it depends on.
    fn with_past(&self, at: usize) -> Set {
        let mut past = self.steps[at].before.clone();
        past.add(at);
        past
    }

    /// Plans what movers could have chosen in place of what they did choose.
    fn plan_rivals(&mut self, run: &mut impl Steps) {
        for place in 0..self.steps.len() {
            if self.steps[place].step.who.choice == 0 {
                continue;
            }
            for offering in 0..self.steps.len() {
                for rival in self.steps[offering].step.offers.clone() {
                    self.plan_rival(place, (offering, rival), run);
                }
            }
        }
    }

    /// Plans what a step offers to the mover at a place, if that is a choice there.
    fn plan_rival(&mut self, place: usize, (offering, rival): (usize, Who), run: &mut impl Steps) {
        let taken = |taken: &Taken| taken.step.who == rival;
        if rival.mover != self.steps[place].step.who.mover
            || self.steps[offering].before.has(place)
            || self.steps[..=place].iter().any(taken)
        {
            return;
        }
        let mut needed = self.past_of(&self.steps[place].step, place);
        if offering != place {
            needed.join(&self.with_past(offering));
        }
        for point in (0..=place).rev() {
            let before = &self.steps[point].step;
            let bars = point == place
                || before.who.choice != 0
                || before.conflicts(&self.steps[place].step);
            if needed.has(point) || !bars {
                continue;
            }
            // All that depends on neither, if the choice can still be made after it.
            let without = |at: usize| {
                [point, place].iter().all(|&gone| at != gone && !self.steps[at].before.has(gone))
            };
            let [most, least] = [
                self.picked(point, |at| needed.has(at) || without(at)),
                self.picked(point, |at| needed.has(at)),
            ];
            for mut sequence in [most, least] {
                if let Some(step) = self.play_after(point, &sequence, (rival, &[]), run) {
                    sequence.push(Rc::new(step));
                    return self.plan(point, sequence, run);
                }
            }
        }
    }

    /// Plans a sequence, unless it leads to what was explored already, or is planned.
    fn plan(&mut self, point: usize, sequence: Vec<Rc<Step>>, run: &mut impl Steps) {
        if self.reduction == Reduction::Source {
            return self.points[point].plan_first(&sequence);
        }
        for asleep in &self.points[point].sleep.clone() {
            if !self.points[point].has_run(asleep.who, &sequence) {
                continue;
            }
            let explored = match initial(asleep, &sequence) {
                Some(Some(_)) => true,
                Some(None) => {
                    !asleep.excludes(&sequence)
                        || self.lead(point, &joined(&[], asleep, &sequence), run)
                }
                None => false,
            };
            if explored {
                return;
            }
        }
        let mut planned = std::mem::take(&mut self.points[point].planned);
        planned.insert(sequence, |longer| self.lead(point, longer, run));
        self.points[point].planned = planned;
    }

    /// Some of the steps from a point on.
    fn picked(&self, point: usize, wanted: impl Fn(usize) -> bool) -> Vec<Rc<Step>> {
        (point..self.steps.len())
            .filter(|&at| wanted(at))
            .map(|at| Rc::clone(&self.steps[at].step))
            .collect()
    }
}

impl Point {
    /// Plans one that may come first in a sequence, unless one of them was explored or is planned.
    fn plan_first(&mut self, sequence: &[Rc<Step>]) {
        let planned = self.planned.branches.iter().map(|(step, _)| step);
        let mut known = self.sleep.iter().chain(planned);
        if !known.any(|step| matches!(initial(step, sequence), Some(Some(_)))) {
            self.planned.append(sequence[..1].to_vec());
        }
    }

    /// Whether a sleeper could come first in a sequence whatever it draws, and has drawn all there is:
    /// then a schedule with each was run.
    fn has_run<'s>(
        &self,
        who: Who,
        sequence: impl IntoIterator<Item = &'s Rc<Step>> + Clone,
    ) -> bool {
        let draws_on = self.planned.branches.iter().any(|(step, _)| step.who == who);
        let mut drawn = self.sleep.iter().filter(|step| step.who == who);
        !draws_on && drawn.all(|step| initial(step, sequence.clone()).is_some())
    }

    /// How it is known that what begins with a sequence, and then a step of this mover, was explored
    /// already, as far as that can be said without playing.
    fn explored<'s>(
        &self,
        sequence: impl Iterator<Item = &'s Rc<Step>> + Clone,
        last: Who,
    ) -> Option<Explored> {
        let mut sleep = self.sleep.iter();
        sleep.find_map(|asleep| {
            let first = match initial(asleep, sequence.clone())? {
                Some(at) => Explored::At(at),
                None if asleep.who == last => Explored::Last,
                None => return None,
            };
            self.has_run(asleep.who, sequence.clone()).then_some(first)
        })
    }
}
