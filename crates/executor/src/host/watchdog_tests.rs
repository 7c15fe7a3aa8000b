//! A folder that stands for the machine's root. No device is ever opened by looking.

use super::*;
use std::os::unix::fs::symlink;

struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Root {
        let path = std::env::temp_dir().join(format!("dw-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("sys/class/watchdog")).unwrap();
        Root(path)
    }

    fn put(&self, path: &str, text: &str) -> &Root {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn device(&self, number: u32, identity: &str, state: &str) -> &Root {
        let key = |key: &str| format!("sys/class/watchdog/watchdog{number}/{key}");
        self.put(&key("identity"), &format!("{identity}\n"));
        self.put(&key("state"), &format!("{state}\n"));
        self.put(&key("timeout"), "30\n").put(&key("nowayout"), "0\n");
        self.put(&key("bootstatus"), "0\n")
    }

    fn look(&self) -> Sight {
        Kernel::under(&self.0).look()
    }

    fn seen(&self) -> Device {
        match self.look() {
            Sight::Device(device) => device,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn no_device_and_a_node_without_a_driver_are_told_apart() {
    let root = Root::new("phantom");
    assert_eq!(root.look(), Sight::Missing);
    root.put("dev/watchdog", "");
    assert_eq!(root.look(), Sight::Phantom);
    assert_eq!(Kernel::under(&root.0).arm().unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_device_is_described_by_its_driver() {
    let root = Root::new("facts");
    root.device(0, "i6300ESB timer", "inactive");
    root.put("sys/class/watchdog/watchdog0/bootstatus", "32\n");
    root.put("sys/class/watchdog/watchdog0/max_timeout", "2046\n");
    let device = root.seen();
    assert_eq!((device.name.as_str(), device.timeout_s), ("watchdog0", Some(30)));
    assert_eq!((device.max_timeout_s, device.is_active), (Some(2046), false));
    assert!(device.has_reset_us && !device.has_no_way_out && !device.is_software());
    root.put("sys/class/watchdog/watchdog0/nowayout", "1\n");
    assert!(root.seen().has_no_way_out);
}

#[test]
fn hardware_comes_before_the_kernels_own_timer_and_a_free_one_before_one_in_use() {
    let root = Root::new("choice");
    root.device(0, "Software Watchdog", "inactive").device(1, "iTCO_wdt", "active");
    assert_eq!(root.seen().name, "watchdog1");
    root.device(2, "wdat_wdt", "inactive").device(10, "SP5100 TCO timer", "inactive");
    assert_eq!(root.seen().name, "watchdog2");
    let root = Root::new("soft");
    assert!(root.device(0, "Software Watchdog", "inactive").seen().is_software());
}

#[test]
fn whoever_holds_it_is_named() {
    let root = Root::new("busy");
    root.device(0, "i6300ESB timer", "active");
    assert_eq!(root.seen().holder, None);
    root.put("proc/1/comm", "systemd\n").put("proc/meminfo", "");
    fs::create_dir_all(root.0.join("proc/1/fd")).unwrap();
    symlink("/dev/watchdog0", root.0.join("proc/1/fd/37")).unwrap();
    assert_eq!(root.seen().holder.as_deref(), Some("process 1 (systemd)"));
}

#[test]
fn a_containers_device_is_its_hosts() {
    let root = Root::new("container");
    root.device(0, "i6300ESB timer", "inactive").put("run/systemd/container", "lxc\n");
    assert!(matches!(root.look(), Sight::NotOurs(why) if why.contains("lxc")));
}

/// A plain file in place of the device: its driver answers nothing, and what is written is seen.
#[test]
fn it_is_fed_and_disarmed_by_what_is_written() {
    let root = Root::new("written");
    root.device(0, "i6300ESB timer", "inactive").put("dev/watchdog0", "");
    let written = || fs::read_to_string(root.0.join("dev/watchdog0")).unwrap();
    let mut kernel = Kernel::under(&root.0);
    kernel.look();
    assert_eq!(kernel.feed().unwrap_err().kind(), io::ErrorKind::NotFound, "nothing is open");
    kernel.arm().unwrap();
    assert!(kernel.set_timeout_s(60).is_err(), "no driver is behind it");
    kernel.feed().unwrap();
    assert_eq!(kernel.disarm(), Parting::Disarmed);
    assert_eq!(written(), "wV");
    root.put("dev/watchdog0", "").put("sys/class/watchdog/watchdog0/nowayout", "1\n");
    kernel.arm().unwrap();
    assert_eq!(kernel.disarm(), Parting::StillArmed);
    kernel.arm().unwrap();
    kernel.leave();
    assert_eq!(written(), "V", "left without a word");
    assert!(kernel.feed().is_err());
}

/// systemd's `DeviceAllow=char-watchdog` forbids it for good if the driver came after the unit had begun.
#[test]
fn the_first_device_is_opened_by_its_older_name_where_the_newer_one_is_forbidden() {
    let root = Root::new("names");
    root.device(0, "i6300ESB timer", "inactive").put("dev/watchdog", "");
    let mut kernel = Kernel::under(&root.0);
    kernel.arm().expect("by its older name");
    kernel.feed().unwrap();
    assert_eq!(fs::read_to_string(root.0.join("dev/watchdog")).unwrap(), "w");
    root.put("dev/watchdog0", "");
    let mut kernel = Kernel::under(&root.0);
    kernel.arm().expect("by its own");
    kernel.feed().unwrap();
    assert_eq!(fs::read_to_string(root.0.join("dev/watchdog0")).unwrap(), "w");
    // It is another device than that.
    let root = Root::new("second");
    root.device(1, "iTCO_wdt", "inactive").put("dev/watchdog", "");
    assert_eq!(Kernel::under(&root.0).arm().unwrap_err().kind(), io::ErrorKind::NotFound);
}
