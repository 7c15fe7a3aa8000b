//! One executor's place on the ground: what it has heard, what it waits for, who its children are.

use super::disk::Helper;
use super::ground::{Ground, Kind};
use super::guardians::{GuardianEnd, Link};
use super::truth::Acting;
use super::units::Units;
use crate::fact::Fact;
use crate::world::{Lent, World};
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use defib_executor::boundary::{Call, Clock, Token};
use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;

/// The most complaints that are kept, for the event log of a failing run.
const COMPLAINTS_MAX: usize = 64;

/// The seat. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Seat(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    lent: Lent,
    ground: Ground,
    /// Whoever sat here died: nothing that is still asked has an effect.
    is_dead: Cell<bool>,
    /// How far the executor's own clock is ahead within this turn, because it waited for a write.
    lag_ms: Cell<u64>,
    tokens: RefCell<Vec<Token>>,
    waiters: RefCell<Vec<(Identity, Token)>>,
    children: RefCell<Vec<Identity>>,
    zombies: RefCell<VecDeque<(Identity, Exit)>>,
    acting: RefCell<Acting>,
    units: RefCell<Units>,
    helper: RefCell<Option<Helper>>,
    /// Guardians that nobody has made live yet.
    newborns: RefCell<VecDeque<GuardianEnd>>,
    /// The link to the guardian that was started last.
    link: RefCell<Option<Rc<Link>>>,
    complaints: RefCell<Vec<String>>,
    is_observing: Cell<bool>,
}

impl Seat {
    pub(super) fn new(lent: Lent, ground: Ground) -> Seat {
        Seat(Rc::new(Inner {
            lent,
            ground,
            is_dead: Cell::new(false),
            lag_ms: Cell::new(0),
            tokens: RefCell::default(),
            waiters: RefCell::default(),
            children: RefCell::default(),
            zombies: RefCell::default(),
            acting: RefCell::default(),
            units: RefCell::default(),
            helper: RefCell::default(),
            newborns: RefCell::default(),
            link: RefCell::default(),
            complaints: RefCell::default(),
            is_observing: Cell::new(false),
        }))
    }

    /// The world, while it is lent. To be held for one statement.
    pub(super) fn world(&self) -> RefMut<'_, World> {
        self.0.lent.world()
    }

    pub(super) fn ground(&self) -> &Ground {
        &self.0.ground
    }

    pub(super) fn acting(&self) -> RefMut<'_, Acting> {
        self.0.acting.borrow_mut()
    }

    pub(super) fn units(&self) -> RefMut<'_, Units> {
        self.0.units.borrow_mut()
    }

    pub(super) fn helper(&self) -> RefMut<'_, Option<Helper>> {
        self.0.helper.borrow_mut()
    }

    pub(super) fn newborns(&self) -> RefMut<'_, VecDeque<GuardianEnd>> {
        self.0.newborns.borrow_mut()
    }

    pub(super) fn link(&self) -> RefMut<'_, Option<Rc<Link>>> {
        self.0.link.borrow_mut()
    }

    /// True time.
    pub(super) fn world_now_ms(&self) -> u64 {
        self.world().now_ms()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.is_dead.get()
    }

    /// Nothing has an effect from now on.
    pub(super) fn die(&self) {
        self.0.is_dead.set(true);
    }

    /// The executor waits inside a call.
    pub(super) fn delay(&self, ms: u64) {
        self.0.lag_ms.set(self.0.lag_ms.get() + ms);
    }

    /// For how long it has waited in this turn; from now on it is a new turn.
    pub(super) fn take_lag(&self) -> u64 {
        self.0.lag_ms.take()
    }

    pub(super) fn wake(&self, token: Token) {
        let mut tokens = self.0.tokens.borrow_mut();
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }

    pub(super) fn has_tokens(&self) -> bool {
        !self.0.tokens.borrow().is_empty()
    }

    pub(super) fn take_tokens(&self) -> Vec<Token> {
        self.0.tokens.take()
    }

    /// Its end wakes us; at once, if it has ended.
    pub(super) fn wait_for(&self, identity: Identity, token: Token) {
        if self.lives(identity) {
            self.0.waiters.borrow_mut().push((identity, token));
        } else {
            self.wake(token);
        }
    }

    /// Whether this very process lives, whatever it is.
    pub(super) fn lives(&self, identity: Identity) -> bool {
        self.world().lives(identity) || self.ground().stray(identity).is_some()
    }

    pub(super) fn is_zombie(&self, identity: Identity) -> bool {
        self.0.zombies.borrow().iter().any(|(zombie, _)| *zombie == identity)
    }

    /// Who has this number: an app, a stray, or a child that waits to be reaped.
    pub(super) fn who_is(&self, pid: u32) -> Option<Identity> {
        let main = {
            let world = self.world();
            let mut mains = (0..world.apps_len()).filter_map(|app| world.main(app));
            mains.find(|main| main.pid == pid)
        };
        let strays = self.ground().0.strays.borrow();
        let stray = strays.iter().map(|stray| stray.identity).find(|it| it.pid == pid);
        let zombies = self.0.zombies.borrow();
        let zombie = zombies.iter().map(|(identity, _)| *identity).find(|it| it.pid == pid);
        main.or(stray).or(zombie)
    }

    pub(super) fn has_child(&self, identity: Identity) {
        self.0.children.borrow_mut().push(identity);
    }

    /// A process ended: whoever waits for it is woken, and its parent may reap it.
    pub(super) fn process_ended(&self, identity: Identity, exit: Exit) {
        self.0.waiters.borrow_mut().retain(|(waited, token)| {
            if *waited == identity {
                self.wake(*token);
            }
            *waited != identity
        });
        let mut children = self.0.children.borrow_mut();
        let before = children.len();
        children.retain(|child| *child != identity);
        if children.len() < before {
            self.0.zombies.borrow_mut().push_back((identity, exit));
            self.wake(Token::Called(Call::Reap));
        }
    }

    pub(super) fn next_zombie(&self) -> Option<(u32, Exit)> {
        let (identity, exit) = self.0.zombies.borrow_mut().pop_front()?;
        Some((identity.pid, exit))
    }

    /// A stray of this kind ends now, if it still lives.
    pub(super) fn end_stray(&self, identity: Identity, exit: Exit) {
        if self.ground().remove(identity) {
            self.process_ended(identity, exit);
        }
    }

    pub(super) fn complain(&self, what: &str) {
        let mut complaints = self.0.complaints.borrow_mut();
        if complaints.len() < COMPLAINTS_MAX {
            complaints.push(what.to_owned());
        }
    }

    /// The executor has had enough of dying guardians, and says so.
    pub(super) fn observes_only(&self) {
        self.0.is_observing.set(true);
        self.world().tell(Fact::ObservesOnly);
    }

    pub(super) fn is_observing(&self) -> bool {
        self.0.is_observing.get()
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.0.complaints.borrow().clone()
    }

    /// Which app's main process this is.
    pub(super) fn app_of(&self, identity: Identity) -> Option<usize> {
        let world = self.world();
        (0..world.apps_len()).find(|app| world.main(*app) == Some(identity))
    }

    /// A new process of our own that is no app's main process.
    pub(super) fn new_stray(&self, app: usize, kind: Kind) -> Identity {
        let identity = self.world().new_identity();
        self.ground().add(super::ground::Stray { identity, session: identity.pid, app, kind });
        self.has_child(identity);
        identity
    }
}

impl Clock for Seat {
    fn now_ms(&self) -> u64 {
        let world = self.world();
        world.machine().boot_ms(world.now_ms()) + self.0.lag_ms.get()
    }
}
