# Runs as root in the guest, in a folder that holds the package, a config, and perhaps a drop-in for the app.
dpkg -i ./defib.deb
systemctl is-enabled defib.service
systemctl is-active defib.service
install -m 644 defib.toml /etc/defib/defib.toml
if [ -e app.conf ]; then
    mkdir -p /etc/systemd/system/app.service.d
    install -m 644 app.conf /etc/systemd/system/app.service.d/lab.conf
fi
defib check /etc/defib/defib.toml
