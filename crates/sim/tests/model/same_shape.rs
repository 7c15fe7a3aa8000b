//! That two states of one shape have one future: whenever a shape is met again, by another way and with
//! other times and numbers, the same steps are open and lead to the same shapes.

use super::modelled::{Action, Modelled};
use super::whole::{Left, Whole};
use super::worlds::{NONE, one};
use stateright::Model;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// As many shapes of each world.
const SHAPES: usize = 15_000;

fn print(whole: &Whole) -> u64 {
    let mut hasher = DefaultHasher::new();
    whole.hash(&mut hasher);
    hasher.finish()
}

fn future(model: &Modelled, whole: &Whole) -> Vec<(Action, u64)> {
    model.next_steps(whole).iter().map(|(action, next)| (*action, print(next))).collect()
}

/// How often a shape was met again.
fn met_again(name: &str, model: &Modelled) -> usize {
    let mut known: HashMap<u64, Vec<(Action, u64)>> = HashMap::new();
    let mut todo = model.init_states();
    let mut again = 0;
    while let Some(whole) = todo.pop() {
        let future = future(model, &whole);
        if let Some(first) = known.get(&print(&whole)) {
            again += 1;
            assert_eq!(*first, future, "{name}: one shape, two futures: {whole:#?}");
            continue;
        }
        known.insert(print(&whole), future);
        if known.len() < SHAPES {
            todo.extend(model.next_states(&whole));
        }
    }
    again
}

#[test]
fn same_shape_same_future() {
    let left = Left { faults: 1, stubborn: 1, ..NONE };
    let worlds = [
        ("killed", one(Left { guardian: 1, executor: 1, ..left })),
        ("timed", one(Left { faults: 2, heals: 1, ..left }).timed()),
        ("failing", one(Left { failing: 2, executor: 1, ..left })),
        ("people", one(Left { people: 2, ..left })),
        ("noise", one(Left { noise: 3, guardian: 1, ..left })),
        ("reboot", Modelled::new(1, false, true, Left { stubborn: 3, executor: 1, ..left })),
        ("dependency", Modelled::new(1, true, false, Left { dependency: 1, ..left })),
        ("two apps", Modelled::new(2, false, false, Left { faults: 2, ..left })),
    ];
    for (name, model) in worlds {
        let again = met_again(name, &model);
        assert!(again > SHAPES / 10, "{name}: {again} shapes met again prove little");
    }
}
