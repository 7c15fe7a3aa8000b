//! The engine under events in any order, with any ids and times: no panic, no broken promise, the same again for the
//! same bytes, a state within bounds that a checkpoint brings back whole.

use super::bytes::Bytes;
use super::engine_laws::Laws;
use super::engine_world::{Fed, World, policies};
use defib_engine::effect::Effect;
use defib_engine::next_deadline;
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::line::{Line, decode_line, encode_line};
use std::borrow::Cow;

/// A byte for the policy, then what happens.
pub fn engine_step(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let policies = policies();
    let policy = &policies[bytes.below(policies.len())];
    let happens = bytes.rest();
    let mut world = World::new(policy);
    let mut laws = Laws::default();
    let mut bound = 0;
    world.play(&mut Bytes::new(happens), &mut |fed| {
        bound += fed.given_charges();
        judge(policy, &mut laws, &fed, bound);
    });
    survives_a_checkpoint(&world.state);
    let mut again = World::new(policy);
    let mut effects = Vec::new();
    again.play(&mut Bytes::new(happens), &mut |fed| effects.extend_from_slice(fed.effects));
    assert!(
        again.state == world.state && effects == world.told,
        "S25: the same events, another end"
    );
}

fn judge(policy: &Policy, laws: &mut Laws, fed: &Fed<'_>, bound: usize) {
    laws.event(policy, fed.now, fed.event);
    for effect in fed.effects {
        laws.effect(policy, fed.now, effect);
    }
    let due = next_deadline(fed.state);
    assert!(due.is_none_or(|due| due > fed.now), "due at {due:?}, and it is {:?}", fed.now);
    within_bounds(policy, fed.state, bound);
    let orders = fed.effects.iter().filter(|effect| matches!(effect, Effect::Order(_))).count();
    assert!(orders <= policy.apps.len(), "S1: {orders} orders at once");
}

/// Nothing grows with time or with what strangers send: charges are those that were told and those of a day.
fn within_bounds(policy: &Policy, state: &State, told: usize) {
    assert_eq!(state.apps.len(), policy.apps.len());
    let most = told + policy.apps.len() * 200;
    assert!(state.charges.len() <= most, "{} charges", state.charges.len());
    for (app, rules) in state.apps.iter().zip(&policy.apps) {
        assert_eq!(app.probes.len(), rules.probes.len());
        let acts = app.incident().map_or(0, |incident| incident.disruptive);
        assert!(acts <= rules.incident_limit, "S7: {acts} acts of one incident");
    }
}

fn survives_a_checkpoint(state: &State) {
    let mut bytes = Vec::new();
    let line = Line::Checkpoint { state: Cow::Borrowed(state) };
    encode_line(&mut bytes, 1, 1_795_305_600_000, Moment(1), &line);
    let text = bytes.strip_suffix(b"\n").expect("a line ends");
    let entry = decode_line(text).expect("a checkpoint that we wrote");
    assert_eq!(entry.line, Line::Checkpoint { state: Cow::Borrowed(state) });
}

/// Prints what happens, for a person who asks why.
pub fn explain(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let policies = policies();
    let policy = &policies[bytes.below(policies.len())];
    World::new(policy).play(&mut bytes, &mut |fed| {
        println!("{} {:?}", fed.now.0, fed.event);
        for effect in fed.effects {
            println!("    {effect:?}");
        }
    });
}
