//! One machine's executors, one after another.

use super::disk::Writer;
use super::ground::Ground;
use super::guardians::GuardianEnd;
use super::seat::Seat;
use super::slots::{Fast, OnDisk};
use crate::fact::Fact;
use crate::world::news::News;
use crate::world::{Lent, World};
use defib_executor::boundary::{Copies, NoCleaner, Outside, Token, newest};
use defib_executor::{Assignment, AtEnd, Executor};

/// What a turn led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It goes on.
    Lives,
    /// There is no executor any more: it crashed at a write, could not begin, or ended.
    Gone,
}

/// The executor, or its absence.
pub struct Hand {
    lent: Lent,
    ground: Ground,
    seat: Seat,
    executor: Option<Executor>,
    /// When it wanted to be woken at the latest, by CLOCK_BOOTTIME.
    asked_ms: u64,
    /// It does not run before this true time: it waits for a write, or was stopped.
    busy_until_ms: u64,
}

impl Hand {
    /// No executor yet. `lent` is shared with the guardians' side.
    pub fn new(lent: Lent, ground: Ground) -> Hand {
        let seat = Seat::new(lent.clone(), ground.clone());
        Hand { lent, ground, seat, executor: None, asked_ms: 0, busy_until_ms: 0 }
    }

    /// Whether an executor is there.
    pub fn is_alive(&self) -> bool {
        self.executor.is_some()
    }

    /// The ground it stands on.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// Whether nothing is done but observing, until a person starts it again.
    pub fn is_observing(&self) -> bool {
        self.is_alive() && self.seat.is_observing()
    }

    /// What it complained about, for the event log.
    pub fn complaints(&self) -> Vec<String> {
        self.seat.complaints()
    }

    /// Starts an executor in place of the one that is gone.
    pub fn start(&mut self, world: &mut World) -> Outcome {
        debug_assert!(self.executor.is_none(), "one executor at a time");
        self.seat = Seat::new(self.lent.clone(), self.ground.clone());
        self.busy_until_ms = 0;
        let lent = self.lent.clone();
        let begun = lent.during(world, || self.begin());
        let Some(executor) = begun else {
            self.seat.die();
            return Outcome::Gone;
        };
        world.tell(Fact::ExecutorBegan);
        self.executor = Some(executor);
        self.rest(world)
    }

    fn begin(&self) -> Option<Executor> {
        let seat = &self.seat;
        let assignment = Assignment {
            config_text: seat.world().plan().config.clone(),
            config_path: Some("/etc/defib/defib.toml".into()),
            config_fault: None,
            state_dir: "/var/lib/defib".into(),
            at_end: AtEnd::LeaveApps,
        };
        let boot_id = seat.world().machine().boot_id();
        let outside = Outside {
            clock: Box::new(seat.clone()),
            boot_id,
            host: defib_config::Host { root: true },
            processes: Box::new(seat.clone()),
            children: Box::new(seat.clone()),
            ledger: Copies {
                fast: Box::new(Fast(seat.clone())),
                fast_name: "/run/defib/ledger.run".into(),
                on_disk: newest(&OnDisk(seat.clone())),
                writer: Box::new(Writer::new(seat)),
            },
            files: Box::new(seat.clone()),
            cleaner: Box::new(NoCleaner),
            guardians: Box::new(seat.clone()),
            manager: Box::new(seat.clone()),
            machine: Box::new(seat.clone()),
            watchdog: Box::new(seat.clone()),
            boots: Box::new(seat.clone()),
            notify: Box::new(seat.clone()),
        };
        let mut executor = Executor::new(assignment, outside).ok()?;
        executor.begin();
        Some(executor)
    }

    /// Takes news of the world.
    pub fn hear(&mut self, world: &mut World, news: &News) {
        let (lent, seat) = (self.lent.clone(), &self.seat);
        let is_alive = self.executor.is_some();
        lent.during(world, || if is_alive { seat.hear(news) } else { seat.hear_alone(news) });
    }

    /// When it wants to go on, in true time.
    pub fn deadline_ms(&self, world: &World) -> Option<u64> {
        let ground_ms = self.ground.next_ms();
        if self.executor.is_none() {
            return ground_ms;
        }
        let own_ms = if self.seat.has_tokens() { 0 } else { self.own_deadline_ms(world) };
        let own_ms = own_ms.max(self.busy_until_ms).max(world.now_ms());
        Some(ground_ms.map_or(own_ms, |ground_ms| ground_ms.min(own_ms)))
    }

    fn own_deadline_ms(&self, world: &World) -> u64 {
        let manager_ms = self.seat.units().events.next_ms();
        let others = [self.arrives_ms(), self.seat.helper_next_ms(), manager_ms];
        let due_ms = world.machine().true_ms(self.asked_ms);
        others.into_iter().flatten().fold(due_ms, u64::min)
    }

    fn arrives_ms(&self) -> Option<u64> {
        self.seat.link().as_ref()?.arrives_ms()
    }

    /// Goes on with everything that is due by now.
    pub fn wake(&mut self, world: &mut World) -> Outcome {
        let (lent, seat, now_ms) = (self.lent.clone(), self.seat.clone(), world.now_ms());
        lent.during(world, || {
            while let Some(due) = seat.ground().take_due(now_ms) {
                seat.go_on(due);
            }
        });
        if self.executor.is_none() {
            return Outcome::Gone;
        }
        if !world.machine().has_power() {
            return Outcome::Lives;
        }
        if now_ms < self.busy_until_ms || self.own_deadline_ms(world) > now_ms && !seat.has_tokens()
        {
            return Outcome::Lives;
        }
        lent.during(world, || self.turn(now_ms));
        self.rest(world)
    }

    fn turn(&mut self, now_ms: u64) {
        self.seat.run_helper(now_ms);
        if self.arrives_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.seat.wake(Token::Guardian);
        }
        let tokens = self.seat.take_tokens();
        if let Some(executor) = self.executor.as_mut().filter(|_| !self.seat.is_dead())
            && executor.turn(&tokens, self.asked_ms)
        {
            self.seat.die();
        }
    }

    /// After a turn: did it survive it, and until when does it sleep?
    fn rest(&mut self, world: &mut World) -> Outcome {
        if self.seat.is_dead() {
            self.kill(world);
            return Outcome::Gone;
        }
        let (lent, seat) = (self.lent.clone(), &self.seat);
        self.busy_until_ms = self.busy_until_ms.max(world.now_ms() + seat.take_lag());
        if let Some(executor) = &self.executor {
            self.asked_ms = lent.during(world, || executor.due_ms().max(executor.now_ms()));
        }
        Outcome::Lives
    }

    /// kill -9, wherever it is.
    pub fn kill(&mut self, world: &mut World) {
        if self.executor.is_none() {
            return;
        }
        self.seat.die();
        self.lent.clone().during(world, || {
            self.executor = None;
            self.seat.cut_helper(false);
            if self.seat.is_dog_armed() {
                // The kernel closes it without the magic letter, and feeds it once by that.
                self.seat.count_anew();
            }
        });
        world.tell(Fact::ExecutorEnded);
    }

    /// The machine refuses calls of the executor's, the `nth` from now on being the first.
    pub fn refuse_call(&mut self, nth: u32, calls: u32, errno: u8) {
        self.ground.0.refusal.plan(nth, calls, errno);
    }

    /// Whether a call was refused that was planned to be.
    pub fn was_refused(&self) -> bool {
        self.ground.0.refusal.was_met()
    }

    /// SIGSTOP until then.
    pub fn stop_until(&mut self, at_ms: u64) {
        self.busy_until_ms = self.busy_until_ms.max(at_ms);
    }

    /// The machine went down: what was not durable is lost.
    pub fn lose_power(&mut self, world: &mut World) {
        self.seat.die();
        self.lent.clone().during(world, || {
            self.executor = None;
            self.seat.cut_helper(true);
        });
        self.ground.lose_power();
    }

    /// The next guardian that an executor has started and nobody has made live yet.
    pub fn take_newborn(&self) -> Option<GuardianEnd> {
        self.seat.newborns().pop_front()
    }
}
