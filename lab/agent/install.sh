# Runs as root in the guest, in a folder that holds these files and the static binary.
install -m 755 defib /usr/local/bin/defib
mkdir -p /etc/defib
install -m 644 defib.toml /etc/defib/defib.toml
install -m 644 defib.service /etc/systemd/system/defib.service
if [ -e app.conf ]; then
    mkdir -p /etc/systemd/system/app.service.d
    install -m 644 app.conf /etc/systemd/system/app.service.d/lab.conf
fi
/usr/local/bin/defib check /etc/defib/defib.toml
systemctl enable defib.service
