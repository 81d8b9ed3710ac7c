#!/bin/sh
# Installs the servers and tools that the tests speak to. Does nothing where they are there, where the
# user is not root, or where there is no apt; tests that miss one then say so.
set -eu
wanted=""
need() { command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"; }
PATH="$PATH:/usr/sbin:/sbin"
need prometheus prometheus
need victoria-metrics victoria-metrics
need prometheus-blackbox-exporter prometheus-blackbox-exporter
need nginx nginx-light
need lighttpd lighttpd
need tinyproxy tinyproxy-bin
need fping fping
need ip iproute2
need iptables iptables
need setpriv util-linux
/usr/bin/python3 -c "import dbm.gnu" 2>/dev/null || wanted="$wanted python3 python3-gdbm" # snmpsim's index
need gcc gcc
need mbpoll mbpoll
need socat socat
[ -e /usr/include/modbus/modbus.h ] || wanted="$wanted libmodbus-dev libc6-dev"
need snmpd snmpd
need snmpbulkwalk snmp
need prometheus-snmp-exporter prometheus-snmp-exporter
need collectd collectd-core
need systemd-analyze systemd
need faketime faketime
need node nodejs
need npm npm
need chromium chromium
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed (tests that need them are skipped):$wanted" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
install() { apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
# shellcheck disable=SC2086 (a list of words)
install $wanted || for package in $wanted; do # another distribution may not have one of them
    install "$package" || echo "not installed (tests that need it are skipped, or fail in CI): $package" >&2
done
