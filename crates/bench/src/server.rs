//! The small app of all measurements: one nginx process that answers 200, in clear and through TLS 1.3.

use crate::failed::Failed;
use crate::pause::{now_us, pause};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How long nginx may take to listen.
const START_US: u64 = 10_000_000;

/// One that can be started again and again.
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    pub(crate) http: u16,
    pub(crate) https: u16,
    child: Option<Child>,
}

impl Server {
    /// Writes its files; starts nothing.
    pub(crate) fn new(folder: &Path, ports: [u16; 2], certs: &Path) -> Result<Server, Failed> {
        let [http, https] = ports;
        std::fs::create_dir_all(folder).map_err(Failed::at("a folder for nginx"))?;
        let text = configuration(folder, http, https, certs);
        std::fs::write(folder.join("nginx.conf"), text).map_err(Failed::at("nginx.conf"))?;
        Ok(Server { folder: folder.to_path_buf(), http, https, child: None })
    }

    /// The command that becomes it.
    pub(crate) fn argv(&self) -> Vec<String> {
        let config = self.folder.join("nginx.conf");
        let folder = self.folder.display().to_string();
        ["/usr/sbin/nginx".into(), "-p".into(), folder, "-c".into(), config.display().to_string()]
            .into()
    }

    pub(crate) fn start(&mut self) -> Result<(), Failed> {
        let argv = self.argv();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().map_err(Failed::at("nginx cannot be started"))?);
        self.wait_until_it_listens()
    }

    pub(crate) fn wait_until_it_listens(&self) -> Result<(), Failed> {
        let ends_us = now_us() + START_US;
        for port in [self.http, self.https] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                if now_us() > ends_us {
                    let log = std::fs::read_to_string(self.folder.join("error.log"));
                    return Err(Failed::of(format!("nginx does not listen: {log:?}")));
                }
                pause(2);
            }
        }
        Ok(())
    }

    /// The process, if we started it.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.child.as_ref().and_then(|child| Pid::from_raw(child.id() as i32))
    }

    /// Ends it; a stopped one too.
    pub(crate) fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(pid) = Pid::from_raw(child.id() as i32) {
            // It may have been ended by what is measured, and is not reaped before `wait`.
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// One process in the foreground: killing it leaves no worker behind.
fn configuration(folder: &Path, http: u16, https: u16, certs: &Path) -> String {
    let (folder, certs) = (folder.display(), certs.display());
    format!(
        "daemon off; master_process off; error_log {folder}/error.log; pid {folder}/pid;
events {{ worker_connections 4096; }}
http {{
    access_log off; server_tokens off; ssl_protocols TLSv1.3; ssl_session_tickets off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    ssl_certificate {certs}/leaf.pem; ssl_certificate_key {certs}/leaf.key;
    server {{
        listen 127.0.0.1:{http} backlog=4096; listen 127.0.0.1:{https} ssl backlog=4096;
        location / {{ return 200 \"ok\\n\"; }}
    }}
}}
"
    )
}

/// A P-256 authority and a P-256 leaf for `localhost` and 127.0.0.1, made by openssl(1).
pub(crate) fn certificates(folder: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(folder).map_err(Failed::at("a folder for certificates"))?;
    let extension = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("leaf.ext"), extension).map_err(Failed::at("leaf.ext"))?;
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        folder,
        &format!(
            "req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=bench-ca -addext basicConstraints=critical,CA:TRUE"
        ),
    )?;
    openssl(folder, &format!("req {key} -keyout leaf.key -out leaf.csr -subj /CN=localhost"))?;
    openssl(
        folder,
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile leaf.ext -out leaf.only",
    )?;
    let read = |name| std::fs::read(folder.join(name)).map_err(Failed::at(name));
    let chain = [read("leaf.only")?, read("ca.pem")?].concat();
    std::fs::write(folder.join("leaf.pem"), chain).map_err(Failed::at("leaf.pem"))?;
    // The system's authorities and ours: what a real machine makes a probe of https read.
    let mut bundle = std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    bundle.extend(read("ca.pem")?);
    std::fs::write(folder.join("bundle.pem"), bundle).map_err(Failed::at("bundle.pem"))
}

fn openssl(folder: &Path, arguments: &str) -> Result<(), Failed> {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(folder);
    let output = command.output().map_err(Failed::at("openssl cannot be started"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failed::of(format!("openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr))))
}
