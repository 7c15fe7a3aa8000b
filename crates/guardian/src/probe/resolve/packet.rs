//! One question and its answer, as bytes. The codec is a library's; what an answer means to us is
//! decided here.

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE};
use std::net::IpAddr;

/// The kind of address that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    A,
    Aaaa,
}

impl Record {
    fn of_type(self) -> TYPE {
        match self {
            Record::A => TYPE::A,
            Record::Aaaa => TYPE::AAAA,
        }
    }
}

/// What a name server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This address, for so many seconds.
    Address(IpAddr, u32),
    /// The name has no address of this kind.
    NoData,
    /// There is no such name.
    NoName,
    /// It could not, or would not, answer; or not in one datagram.
    Failed,
    /// The bytes are not the answer to our question.
    Foreign,
}

/// The question's bytes; `None` if the name cannot be asked for.
pub(super) fn question(id: u16, name: &str, record: Record) -> Option<Vec<u8>> {
    // An empty label would end the name early and turn the rest into other fields.
    if name.split('.').any(str::is_empty) {
        return None;
    }
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).ok()?;
    packet.questions.push(Question::new(name, record.of_type().into(), CLASS::IN.into(), false));
    packet.build_bytes_vec().ok()
}

/// Reads the answer to the question that was asked with the same arguments.
pub(super) fn answer(bytes: &[u8], id: u16, name: &str, record: Record) -> Answer {
    let Ok(packet) = Packet::parse(bytes) else { return Answer::Foreign };
    if !packet.has_flags(PacketFlag::RESPONSE) || packet.id() != id {
        return Answer::Foreign;
    }
    if !matches!(&packet.questions[..], [asked] if is_ours(asked, name, record)) {
        return Answer::Foreign;
    }
    match packet.rcode() {
        RCODE::NameError => Answer::NoName,
        RCODE::NoError if !packet.has_flags(PacketFlag::TRUNCATION) => {
            first_address(&packet, record)
        }
        _ => Answer::Failed,
    }
}

fn is_ours(asked: &Question<'_>, name: &str, record: Record) -> bool {
    asked.qtype == QTYPE::TYPE(record.of_type())
        && asked.qname.to_string().eq_ignore_ascii_case(name)
}

/// A recursive server puts the whole chain of aliases into one answer, so the first address in it
/// is the name's, and the shortest time to live on the way is the one that counts.
fn first_address(packet: &Packet<'_>, record: Record) -> Answer {
    let mut ttl_s = u32::MAX;
    for entry in &packet.answers {
        ttl_s = ttl_s.min(entry.ttl);
        match (&entry.rdata, record) {
            (RData::A(a), Record::A) => {
                return Answer::Address(a.address.to_be_bytes().into(), ttl_s);
            }
            (RData::AAAA(a), Record::Aaaa) => {
                return Answer::Address(a.address.to_be_bytes().into(), ttl_s);
            }
            _ => {}
        }
    }
    Answer::NoData
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use simple_dns::ResourceRecord;
    use simple_dns::rdata::{A, CNAME};

    fn reply(id: u16, asked: &str, record: Record) -> Packet<'_> {
        let mut packet = Packet::new_reply(id);
        let name = Name::new_unchecked(asked);
        packet.questions.push(Question::new(
            name,
            record.of_type().into(),
            CLASS::IN.into(),
            false,
        ));
        packet
    }

    fn address_record(name: &str, ttl_s: u32) -> ResourceRecord<'_> {
        let data = RData::A(A { address: u32::from_be_bytes([192, 0, 2, 9]) });
        ResourceRecord::new(Name::new_unchecked(name), CLASS::IN, ttl_s, data)
    }

    fn read(packet: &Packet<'_>) -> Answer {
        answer(&packet.build_bytes_vec().unwrap(), 7, "shop.test", Record::A)
    }

    #[test]
    fn an_address_is_found_behind_an_alias_with_the_shortest_ttl() {
        let mut packet = reply(7, "Shop.TEST", Record::A);
        let alias = RData::CNAME(CNAME(Name::new_unchecked("cdn.test")));
        let name = Name::new_unchecked("shop.test");
        packet.answers.push(ResourceRecord::new(name, CLASS::IN, 20, alias));
        assert_eq!(read(&packet), Answer::NoData);
        packet.answers.push(address_record("cdn.test", 300));
        assert_eq!(read(&packet), Answer::Address([192, 0, 2, 9].into(), 20));
        packet.set_flags(PacketFlag::TRUNCATION);
        assert_eq!(read(&packet), Answer::Failed);
    }

    #[test]
    fn refusals_and_strangers_are_told_apart() {
        let mut packet = reply(7, "shop.test", Record::A);
        *packet.rcode_mut() = RCODE::NameError;
        assert_eq!(read(&packet), Answer::NoName);
        *packet.rcode_mut() = RCODE::ServerFailure;
        assert_eq!(read(&packet), Answer::Failed);
        assert_eq!(read(&reply(8, "shop.test", Record::A)), Answer::Foreign);
        assert_eq!(read(&reply(7, "other.test", Record::A)), Answer::Foreign);
        assert_eq!(read(&reply(7, "shop.test", Record::Aaaa)), Answer::Foreign);
        let own = question(7, "shop.test", Record::A).unwrap();
        assert_eq!(answer(&own, 7, "shop.test", Record::A), Answer::Foreign);
    }

    #[test]
    fn names_that_cannot_be_asked_for_are_not() {
        let long_label = "x".repeat(64);
        let long_name = "shop.".repeat(60) + "test";
        for name in ["", "a..b", ".a", "a.", long_label.as_str(), long_name.as_str()] {
            assert_eq!(question(7, name, Record::A), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            answer(&bytes, 7, "shop.test", Record::A);
        }

        // A valid answer with bytes changed reaches much deeper into the codec than noise does.
        #[test]
        fn no_damage_makes_it_panic(
            damage in prop::collection::vec((0_usize..80, any::<u8>()), 1..8),
            cut in 0_usize..80,
        ) {
            let mut packet = reply(7, "shop.test", Record::A);
            packet.answers.push(address_record("shop.test", 300));
            let mut bytes = packet.build_bytes_vec_compressed().unwrap();
            for (at, value) in damage {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(cut.max(12));
            answer(&bytes, 7, "shop.test", Record::A);
        }

        #[test]
        fn no_name_makes_it_panic(name in ".{0,300}") {
            question(7, &name, Record::Aaaa);
        }
    }
}
