//! Answers of name servers, for at most a minute.

use super::super::time::Micros;
use defib_config::spec::Family;
use std::net::IpAddr;

/// The most answers that are kept. A config has fewer names than that; redirects may lead to more.
const ENTRIES_MAX: usize = 64;

/// The longest time an answer is kept, whatever it says: a moved name must be seen within a minute.
const KEEP_S_MAX: u32 = 60;

#[derive(Debug)]
struct Entry {
    host: String,
    family: Family,
    address: IpAddr,
    ends: Micros,
}

/// The answers.
#[derive(Debug, Default)]
pub(super) struct Cache(Vec<Entry>);

impl Cache {
    pub(super) fn get(&self, host: &str, family: Family, now: Micros) -> Option<IpAddr> {
        let entry = self.0.iter().find(|entry| entry.is_for(host, family))?;
        (now < entry.ends).then_some(entry.address)
    }

    pub(super) fn put(
        &mut self,
        host: &str,
        family: Family,
        address: IpAddr,
        ttl_s: u32,
        now: Micros,
    ) {
        self.0.retain(|entry| now < entry.ends && !entry.is_for(host, family));
        if ttl_s == 0 || self.0.len() >= ENTRIES_MAX {
            return;
        }
        let ends = now.plus_ms(u64::from(ttl_s.min(KEEP_S_MAX)) * 1000);
        self.0.push(Entry { host: host.to_owned(), family, address, ends });
    }
}

impl Entry {
    fn is_for(&self, host: &str, family: Family) -> bool {
        self.family == family && self.host.eq_ignore_ascii_case(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_lives_for_its_ttl_and_never_beyond_a_minute() {
        let mut cache = Cache::default();
        let address = IpAddr::from([192, 0, 2, 1]);
        let now = Micros(0);
        cache.put("a.test", Family::Any, address, 5, now);
        cache.put("b.test", Family::Any, address, 86400, now);
        cache.put("c.test", Family::Any, address, 0, now);
        let at = |seconds: u64| Micros(seconds * 1_000_000);
        assert_eq!(cache.get("A.test", Family::Any, at(4)), Some(address));
        assert_eq!(cache.get("a.test", Family::V4, at(4)), None);
        assert_eq!(cache.get("a.test", Family::Any, at(5)), None);
        assert_eq!(cache.get("b.test", Family::Any, at(59)), Some(address));
        assert_eq!(cache.get("b.test", Family::Any, at(60)), None);
        assert_eq!(cache.get("c.test", Family::Any, now), None);
    }

    #[test]
    fn it_is_bounded() {
        let mut cache = Cache::default();
        for number in 0..1000_u32 {
            cache.put(&number.to_string(), Family::Any, [192, 0, 2, 1].into(), 60, Micros(0));
        }
        assert_eq!(cache.0.len(), ENTRIES_MAX);
    }
}
