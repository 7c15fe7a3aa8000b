//! A real nginx of our own: plain HTTP, a unix socket, and HTTPS with good and bad certificates.

use crate::certificates::{Authority, GOOD_END_S, Identity};
use crate::servers::{LONG_MS, closed_port, get, http, local, look, looker};
use defib_config::spec::{Endpoint, HttpSpec, TlsSpec};
use defib_engine::seen::{Seen, TlsFault, UnknownWhy};
use defib_guardian::probe::{Look, look_once};
use std::fmt::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Sites that all listeners serve.
const SITES: &str = "
    location = / { return 200 'shop is open\\n'; }
    location = /moved { return 302 /; }
    location = /secure-only { return 301 https://$host:$arg_port/; }
    location = /closed { add_header Retry-After 120 always; return 503; }
    location = /private { return 401; }
    location = /large { alias large; }
";

struct Nginx {
    child: Child,
    folder: tempfile::TempDir,
    http: u16,
    socket: PathBuf,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// Starts one that serves each identity at its port, too.
    fn start(folder: tempfile::TempDir, secure: &[(u16, &Identity)]) -> Nginx {
        let http = free_port();
        let socket = folder.path().join("nginx.sock");
        let config = folder.path().join("nginx.conf");
        std::fs::write(folder.path().join("large"), vec![b'x'; 200_000]).unwrap();
        std::fs::write(&config, configuration(folder.path(), http, &socket, secure)).unwrap();
        let child = Command::new(program())
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&config)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Nginx { child, folder, http, socket };
        // It opens its listeners one after the other.
        for port in secure.iter().map(|&(port, _)| port).chain([http]) {
            nginx.wait_until_it_listens_at(port);
        }
        nginx
    }

    fn wait_until_it_listens_at(&mut self, port: u16) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join("error.log"));
            assert!(Instant::now() < deadline, "nginx does not listen: {:?}", log());
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "nginx ended with {ended:?}: {:?}", log());
            std::thread::yield_now();
        }
    }
}

fn program() -> PathBuf {
    let places = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("nginx is not installed: `cargo xtask test` installs it"))
}

fn free_port() -> u16 {
    closed_port().0
}

/// One process in the foreground: killing it leaves no worker behind.
fn configuration(folder: &Path, http: u16, socket: &Path, secure: &[(u16, &Identity)]) -> String {
    let (folder, socket) = (folder.display(), socket.display());
    let mut text = format!(
        "daemon off; master_process off; error_log {folder}/error.log; pid {folder}/pid;
        events {{ worker_connections 64; }}
        http {{ access_log off; root {folder};
            client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
            fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
            server {{ listen 127.0.0.1:{http}; listen unix:{socket}; {SITES} }}\n"
    );
    for (port, identity) in secure {
        let (certificate, key) = (identity.certificate.display(), identity.key.display());
        writeln!(
            text,
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate};
            ssl_certificate_key {key}; {SITES} }}"
        )
        .unwrap();
    }
    text + "}"
}

fn https(port: u16, authority: &Path) -> HttpSpec {
    let ca_file = Some(authority.to_owned());
    HttpSpec {
        tls: Some(TlsSpec { server_name: "shop.test".to_owned(), ca_file }),
        ..get(local(port))
    }
}

fn target(mut spec: HttpSpec, target: &str) -> HttpSpec {
    target.clone_into(&mut spec.target);
    spec
}

#[test]
fn nginx_over_tcp_and_over_a_unix_socket() {
    let nginx = Nginx::start(tempfile::tempdir().unwrap(), &[]);
    for endpoint in [local(nginx.http), Endpoint::Unix(nginx.socket.clone())] {
        let site = || get(endpoint.clone());
        let mut open = site();
        open.body_contains = Some("is open".to_owned());
        assert_eq!(look(open).seen, Seen::Pass);
        let head = HttpSpec { method: "HEAD".to_owned(), ..site() };
        assert_eq!(look(head).seen, Seen::Pass);
        let closed = look(target(site(), "/closed"));
        assert_eq!(closed.seen, Seen::Status { code: 503, retry_after_s: Some(120) });
        assert_eq!(closed.detail.as_str(), "HTTP 503 Service Temporarily Unavailable");
        let private = look(target(site(), "/private"));
        assert_eq!(private.seen, Seen::Status { code: 401, retry_after_s: None });
        let moved = || target(site(), "/moved");
        assert_eq!(look(moved()).seen, Seen::Status { code: 302, retry_after_s: None });
        assert_eq!(look(HttpSpec { redirects_max: 1, ..moved() }).seen, Seen::Pass);
        let large = HttpSpec { body_max: 200_000, ..target(site(), "/large") };
        assert_eq!(look(HttpSpec { body_cap_is_fault: true, ..large }).seen, Seen::Pass);
    }
}

#[test]
fn nginx_over_tls_with_every_kind_of_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let theirs = Authority::new(folder.path(), "theirs");
    let good = ours.good("shop.test");
    let identities = [
        ours.sign("shop.test", 2020, 2021),
        ours.sign("shop.test", 2080, 2090),
        ours.good("other.test"),
        theirs.sign("shop.test", 2019, 2090),
    ];
    let ports = [(); 5].map(|()| free_port());
    let listeners: Vec<_> =
        ports.iter().copied().zip(std::iter::once(&good).chain(&identities)).collect();
    let nginx = Nginx::start(folder, &listeners);

    let pass = look(https(ports[0], &ours.file));
    assert_eq!(pass.seen, Seen::Pass, "{pass:?}");
    assert!(pass.phases.tls_us.is_some());
    assert_eq!(pass.certificate_days_left, Some(days_until(GOOD_END_S)));
    let faults =
        [TlsFault::Expired, TlsFault::NotYetValid, TlsFault::WrongName, TlsFault::UnknownAuthority];
    for (port, fault) in ports[1..].iter().zip(faults) {
        let refused = look(https(*port, &ours.file));
        assert_eq!(refused.seen, Seen::Tls(fault), "{refused:?}");
        assert!(refused.detail.as_str().starts_with("TLS: "));
        assert!(refused.answered && fault.is_certificate());
    }
    let expired = look(https(ports[1], &ours.file));
    // 2021-01-01.
    assert_eq!(expired.certificate_days_left, Some(days_until(1_609_459_200)));

    let clear = look(https(nginx.http, &ours.file));
    assert_eq!(clear.seen, Seen::Tls(TlsFault::Protocol));
    // The other way round nginx explains itself in clear, with a 400.
    let not_tls = look(get(local(ports[0])));
    assert_eq!(not_tls.seen, Seen::Status { code: 400, retry_after_s: None });

    let large = HttpSpec { body_max: 1_000_000, ..target(https(ports[0], &ours.file), "/large") };
    let large = HttpSpec { body_regex: Some("^x{10}".to_owned()), ..large };
    assert_eq!(look(large).seen, Seen::Pass);

    // From clear to TLS: the same host stays at the address that was configured.
    let upgrade = target(get(local(nginx.http)), &format!("/secure-only?port={}", ports[0]));
    let upgrade = HttpSpec { redirects_max: 1, ..upgrade };
    let untrusted = look(upgrade).seen;
    // Which of the two depends on whether this machine has a store of authorities at all.
    let expected = [Seen::Tls(TlsFault::UnknownAuthority), Seen::Unknown(UnknownWhy::OurLimit)];
    assert!(expected.contains(&untrusted), "{untrusted:?}");
    let back = target(https(ports[0], &ours.file), &format!("/secure-only?port={}", ports[0]));
    assert_eq!(look(HttpSpec { redirects_max: 1, ..back }).seen, Seen::Pass);
}

fn days_until(end_s: u64) -> i32 {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i32::try_from((end_s.cast_signed() - now_s.cast_signed()).div_euclid(86_400)).unwrap()
}

#[test]
fn a_replaced_ca_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let old = Authority::new(folder.path(), "old");
    let new = Authority::new(folder.path(), "new");
    let identity = new.good("shop.test");
    let port = free_port();
    let file = old.file.clone();
    let _nginx = Nginx::start(folder, &[(port, &identity)]);
    let mut looker = looker();
    let mut once = || -> Look { look_once(&mut looker, &http(https(port, &file)), LONG_MS) };
    assert_eq!(once().seen, Seen::Tls(TlsFault::UnknownAuthority));
    std::fs::copy(&new.file, &file).unwrap();
    assert_eq!(once().seen, Seen::Pass);
}
