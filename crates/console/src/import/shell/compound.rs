//! Commands of commands: one after the other, pipes, `&&`, `if`, loops.

use super::condition::{Condition, joined, never, opposite, when};
use super::expand::Value;
use super::test::Truth;
use super::tree::Node;
use super::walk::{Flow, Walk};
use super::word::Word;

impl Walk<'_> {
    fn under(&mut self, conditions: Vec<Condition>, node: &Node) -> Flow {
        let outer = self.conditions.len();
        self.conditions.extend(conditions);
        let flow = self.node(node);
        self.conditions.truncate(outer);
        flow
    }

    pub(super) fn seq(&mut self, nodes: &[Node]) -> Flow {
        let outer = self.conditions.len();
        let mut last = Flow::of(Truth::Known(true));
        for node in nodes {
            let flow = self.node(node);
            self.conditions.extend(flow.after.iter().cloned());
            last = flow;
            if last.ends {
                break;
            }
        }
        last.after = self.conditions.split_off(outer);
        last
    }

    pub(super) fn pipe(&mut self, parts: &[Node]) -> Flow {
        let outer = self.input.take();
        let mut last = Flow::of(Truth::Known(true));
        for part in parts {
            self.printed = None;
            last = self.node(part);
            self.input = self.printed;
        }
        self.input = outer;
        Flow::of(last.truth)
    }

    pub(super) fn chain(&mut self, first: &Node, rest: &[(bool, Node)]) -> Flow {
        let mut whole = self.node(first);
        let mut reached: Vec<Condition> = Vec::new();
        let mut last = None;
        for (after_success, node) in rest {
            // `A || B || C`: C is reached when both failed; `A && B || C` when one of them did.
            if last.replace(*after_success) != Some(*after_success) {
                reached = when(&whole.truth, *after_success);
            }
            let Flow { truth, after, ends } = self.under(reached.clone(), node);
            whole.after.extend(if ends { opposite(&reached) } else { after });
            whole.ends |= ends && reached.is_empty();
            reached.extend(when(&truth, *after_success).into_iter().filter(|one| *one != never()));
            reached.dedup();
            whole.truth = joined(whole.truth, truth, *after_success);
        }
        whole
    }

    pub(super) fn conditional(
        &mut self,
        branches: &[(Node, Node)],
        otherwise: Option<&Node>,
    ) -> Flow {
        let outer = self.conditions.len();
        let mut after = Vec::new();
        for (condition, body) in branches {
            let truth = self.node(condition).truth;
            let flow = self.under(Condition::when(&truth).into_iter().collect(), body);
            let not = Condition::when(&truth.not());
            if flow.ends {
                after.extend(not.clone());
            }
            self.conditions.extend(not);
        }
        if let Some(body) = otherwise {
            let reached = self.conditions[outer..].to_vec();
            // What ends in `else` leaves the rest to the first condition.
            if let (true, [Condition::Look { look, failed }]) =
                (self.node(body).ends, reached.as_slice())
            {
                after.push(Condition::Look { look: *look, failed: !failed });
            }
        }
        self.conditions.truncate(outer);
        Flow { after, ..Flow::of(Truth::Known(true)) }
    }

    pub(super) fn for_each(&mut self, name: &str, words: &[Word], body: &Node) -> Flow {
        let values: Vec<Value> = words.iter().map(|word| self.value(word, 1)).collect();
        let all_known = !values.is_empty() && values.iter().all(|value| value.is_known);
        let is_used = all_known && values.len() <= 16;
        let mut after = Vec::new();
        if is_used {
            for value in values {
                self.variables.set(name, value);
                after = self.node(body).after;
            }
        } else {
            self.variables.set(name, Value::unknown(format!("${name}")));
            after = self.node(body).after;
        }
        Flow { after, ..Flow::of(Truth::Known(true)) }
    }

    /// The body is read once: a second look at the same site tells nothing new.
    pub(super) fn while_loop(&mut self, condition: &Node, body: &Node, is_until: bool) -> Flow {
        let truth = self.node(condition).truth;
        let truth = if is_until { truth.not() } else { truth };
        let flow = self.under(Condition::when(&truth).into_iter().collect(), body);
        Flow { after: flow.after, ..Flow::of(Truth::Known(true)) }
    }
}
