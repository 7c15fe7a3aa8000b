//! Names, with a name server of our own on a port of the loopback.

use crate::servers::{LONG_MS, SHORT_MS, Scripted, answer, get, hold, http, local, probe_of};
use defib_config::spec::{Endpoint, Family, ProbeKind, ProbeSpec};
use defib_engine::seen::{Phase, Seen, UnknownWhy};
use defib_guardian::probe::{Look, Looker, LookerSettings, ResolverFiles, look_once};
use simple_dns::rdata::{A, AAAA, RData};
use simple_dns::{CLASS, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const UNRESOLVED: Seen = Seen::Unknown(UnknownWhy::Unresolved);

/// Knows `shop.test` (A), `six.test` (AAAA), `second.test` (A, answered only when asked again) and
/// `cut.test` (truncated); `mute.test` gets no answer, all others are no names.
struct NameServer {
    port: u16,
    questions: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl NameServer {
    fn start() -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let port = socket.local_addr().unwrap().port();
        let questions = Arc::new(AtomicU32::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, ended) = (Arc::clone(&questions), Arc::clone(&stop));
        let thread = std::thread::spawn(move || serve(&socket, &count, &ended));
        let folder = tempfile::tempdir().unwrap();
        NameServer { port, questions, stop, thread: Some(thread), folder }
    }

    fn looker(&self, hosts: &str, resolv_conf: &str) -> Looker {
        let resolver = ResolverFiles {
            hosts: self.folder.path().join("hosts"),
            resolv_conf: self.folder.path().join("resolv.conf"),
            port: self.port,
        };
        std::fs::write(&resolver.hosts, hosts).unwrap();
        std::fs::write(&resolver.resolv_conf, resolv_conf).unwrap();
        Looker::new(LookerSettings { resolver, ..LookerSettings::default() })
    }

    fn asked(&self) -> u32 {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            std::thread::panicking() || matches!(ended, Some(Ok(()))),
            "the name server failed"
        );
    }
}

fn serve(socket: &UdpSocket, count: &AtomicU32, ended: &AtomicBool) {
    let mut buffer = [0; 512];
    while !ended.load(Ordering::SeqCst) {
        let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
        let asked = count.fetch_add(1, Ordering::SeqCst) + 1;
        let query = Packet::parse(&buffer[..len]).unwrap();
        if let Some(reply) = reply_to(query, asked) {
            socket.send_to(&reply, from).unwrap();
        }
    }
}

fn reply_to(query: Packet<'_>, asked: u32) -> Option<Vec<u8>> {
    let question = query.questions.first()?.clone();
    let name = question.qname.to_string();
    let is_a = question.qtype == QTYPE::TYPE(TYPE::A);
    let mut reply = query.into_reply();
    let local = RData::A(A { address: u32::from_be_bytes([127, 0, 0, 1]) });
    let data = match name.as_str() {
        "mute.test" => return None,
        "second.test" if asked == 1 => return None,
        "second.test" | "shop.test" | "intra.corp.test" => is_a.then_some(local),
        "cut.test" => {
            reply.set_flags(PacketFlag::TRUNCATION);
            Some(local)
        }
        "six.test" => (!is_a).then_some(RData::AAAA(AAAA { address: 1 })),
        _ => {
            *reply.rcode_mut() = RCODE::NameError;
            None
        }
    };
    let record = |data| ResourceRecord::new(question.qname.clone(), CLASS::IN, 300, data);
    reply.answers.extend(data.map(record));
    reply.build_bytes_vec().ok()
}

fn connect(host: &str, port: u16, family: Family) -> ProbeSpec {
    probe_of(ProbeKind::Tcp(Endpoint::Name { host: host.to_owned(), port, family }))
}

/// Connects to a name at a listening port.
fn look_at(looker: &mut Looker, host: &str, family: Family) -> Look {
    let server = Scripted::new(vec![Box::new(hold)]);
    let look = look_once(looker, &connect(host, server.port, family), LONG_MS);
    if look.seen != Seen::Pass {
        // Lets the script end.
        look_once(looker, &probe_of(ProbeKind::Tcp(local(server.port))), LONG_MS);
    }
    server.finish();
    look
}

const CONF: &str = "nameserver 127.0.0.1\n";

#[test]
fn a_name_server_is_asked_once_a_minute_at_most() {
    let dns = NameServer::start();
    let mut looker = dns.looker("", CONF);
    let first = look_at(&mut looker, "shop.test", Family::Any);
    assert_eq!(first.seen, Seen::Pass, "{first:?}");
    assert!(first.phases.resolve_us.is_some());
    assert_eq!(look_at(&mut looker, "SHOP.test", Family::Any).seen, Seen::Pass);
    assert_eq!(dns.asked(), 1);
}

#[test]
fn a_lost_question_is_asked_again() {
    let dns = NameServer::start();
    let look = look_at(&mut dns.looker("", CONF), "second.test", Family::V4);
    assert_eq!(look.seen, Seen::Pass, "{look:?}");
    assert_eq!(dns.asked(), 2);
}

#[test]
fn the_other_family_is_asked_when_the_first_has_no_address() {
    let dns = NameServer::start();
    let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
    let server = Scripted::on(listener, vec![Box::new(hold)]);
    let mut looker = dns.looker("", CONF);
    let look = look_once(&mut looker, &connect("six.test", server.port, Family::Any), LONG_MS);
    assert_eq!(look.seen, Seen::Pass, "{look:?}");
    assert_eq!(dns.asked(), 2);
    let v4 = look_once(&mut looker, &connect("six.test", server.port, Family::V4), LONG_MS);
    assert_eq!(v4.seen, UNRESOLVED);
    server.finish();
}

#[test]
fn names_that_are_none_and_answers_that_do_not_fit_are_unknown() {
    let dns = NameServer::start();
    let mut looker = dns.looker("", CONF);
    let gone = look_at(&mut looker, "gone.test", Family::Any);
    assert_eq!((gone.seen, gone.detail.as_str()), (UNRESOLVED, "gone.test: no such name"));
    assert_eq!(gone.phases.connect_us, None);
    assert_eq!(look_at(&mut looker, "cut.test", Family::Any).seen, UNRESOLVED);
    assert_eq!(look_at(&mut looker, "a..b", Family::Any).seen, UNRESOLVED);
}

#[test]
fn the_hosts_file_and_localhost_need_no_server() {
    let dns = NameServer::start();
    let mut looker = dns.looker("127.0.0.1 my-shop\n", CONF);
    for host in ["my-shop", "localhost", "127.0.0.1"] {
        assert_eq!(look_at(&mut looker, host, Family::Any).seen, Seen::Pass, "{host}");
    }
    assert_eq!(dns.asked(), 0);
}

#[test]
fn search_domains_are_for_names_without_a_dot() {
    let dns = NameServer::start();
    let conf = format!("{CONF}search none.test corp.test\n");
    let look = look_at(&mut dns.looker("", &conf), "intra", Family::Any);
    assert_eq!(look.seen, Seen::Pass, "{look:?}");
    assert_eq!(dns.asked(), 2);
}

#[test]
fn a_silent_name_server_is_a_timeout_only_where_a_limit_was_set() {
    let dns = NameServer::start();
    let mut looker = dns.looker("", CONF);
    let mut spec = connect("mute.test", 1, Family::Any);
    assert_eq!(look_once(&mut looker, &spec, SHORT_MS).seen, UNRESOLVED);
    spec.phases.resolve_ms = SHORT_MS;
    let look = look_once(&mut looker, &spec, LONG_MS);
    assert_eq!(look.seen, Seen::Timeout(Phase::Resolve));
    assert!(look.phases.resolve_us.is_some_and(|us| us >= 150_000));
}

#[test]
fn a_dead_name_server_gives_way_to_the_next() {
    let dns = NameServer::start();
    // Nobody listens at 127.0.0.2: the kernel says so at once.
    let conf = format!("nameserver 127.0.0.2\n{CONF}");
    let mut looker = dns.looker("", &conf);
    let look = look_at(&mut looker, "shop.test", Family::Any);
    assert_eq!(look.seen, Seen::Pass, "{look:?}");
    assert!(look.total_us < 500_000, "{look:?}");
}

#[test]
fn http_resolves_as_well() {
    let dns = NameServer::start();
    let script = answer(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let server = Scripted::new(vec![script]);
    let host = "shop.test".to_owned();
    let endpoint = Endpoint::Name { host, port: server.port, family: Family::Any };
    let look = look_once(&mut dns.looker("", CONF), &http(get(endpoint)), LONG_MS);
    assert_eq!(look.seen, Seen::Pass, "{look:?}");
    assert!(look.phases.resolve_us.is_some());
    server.finish();
}
