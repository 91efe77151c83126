#!/bin/sh
# A PC/SC service of its own with two virtual card readers, apart from the machine's real one (card.md 12.4).
#
#   sh tools/private_pcscd.sh [--dir DIR]                     start it, say how to use it, stop it with Ctrl-C
#   sh tools/private_pcscd.sh [--dir DIR] COMMAND [ARG...]    run one command beside it, then stop it
#
# vpcd, the driver of the virtual readers, listens on every address of the machine and can't be told not to: whoever
# reaches it can play a card. So it runs in a network namespace of its own, in which nobody else is. Out of there lead
# two Unix sockets in DIR, a folder for this user alone: pcscd.comm, by which PC/SC programs find the readers, and
# door, by which `todoke card insert` reaches them. Needs no root where ordinary users may make namespaces. Real card
# readers stay untouched. Debian: apt install pcscd vsmartcard-vpcd iproute2 util-linux

set -eu
PATH=$PATH:/usr/sbin:/sbin
HERE=$(cd "$(dirname "$0")" && pwd)
LONGEST_SOCKET_PATH=107
FIRST_PORT=0x8C7B # 35963, and the next one for the second reader
WAIT_TENTHS=50

fail() {
    printf '%s\n' "private_pcscd: $*" >&2
    exit 1
}

driver() {
    for library in /usr/lib/pcsc/drivers/serial/libifdvpcd.so /usr/lib/*/pcsc/drivers/serial/libifdvpcd.so; do
        if [ -e "$library" ]; then
            printf '%s\n' "$library"
            return
        fi
    done
}

start_outside() {
    dir=.state/pcscd
    if [ "${1:-}" = --dir ]; then
        [ $# -ge 2 ] || fail "--dir wants a folder"
        dir=$2
        shift 2
    fi
    for program in pcscd unshare mount ip python3; do
        command -v "$program" >/dev/null 2>&1 || fail "$program is missing (see the head of this script)"
    done
    [ -n "$(driver)" ] || fail "the driver of the virtual readers is missing (Debian: apt install vsmartcard-vpcd)"
    mkdir -p "$dir/run" # pcscd opens the folder of its socket to everybody: so it is a folder within a closed one
    chmod 700 "$dir"
    dir=$(cd "$dir" && pwd)
    [ "$(printf '%s/run/pcscd.comm' "$dir" | wc -c)" -le "$LONGEST_SOCKET_PATH" ] ||
        fail "the folder's name is too long for a socket: choose a shorter one with --dir"
    if [ -S "$dir/door" ] && python3 "$HERE/vpcd_door.py" "$dir/door" --ask; then
        fail "another one is running in $dir"
    fi
    rm -f "$dir/run/pcscd.comm" "$dir/run/pcscd.pid" "$dir/door"
    if [ "$(id -u)" = 0 ]; then user=; else user=--map-root-user; fi
    # shellcheck disable=SC2086 # one option or none
    unshare $user --mount --net true 2>/dev/null ||
        fail "namespaces are not allowed here: run it as root, or allow unprivileged user namespaces"
    # shellcheck disable=SC2086
    exec unshare $user --mount --net sh "$0" --inside "$dir" "$@"
}

# Becomes the program, which ends with this script even when the script is killed.
become() {
    if command -v setpriv >/dev/null 2>&1; then exec setpriv --pdeathsig KILL "$@"; else exec "$@"; fi
}

stop() {
    trap - EXIT
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    for pid in $pids; do wait "$pid" 2>/dev/null || :; done
    rm -f "$dir/run/pcscd.comm" "$dir/run/pcscd.pid" "$dir/door"
}

run_inside() {
    dir=$1
    shift
    pids=
    ip link set lo up
    if [ ! -d /run/pcscd ]; then # an ordinary user can't make it in the real /run
        mount -t tmpfs tmpfs /run
        mkdir /run/pcscd
    fi
    mount --bind "$dir/run" /run/pcscd
    # An empty folder of USB drivers: this pcscd must not take hold of a real reader.
    mkdir -p "$dir/no-usb"
    PCSCLITE_HP_DROPDIR=$dir/no-usb
    export PCSCLITE_HP_DROPDIR
    # Not the configuration of the machine's own service: there vpcd had better be switched off.
    printf '%s\n' 'FRIENDLYNAME "Virtual PCD"' "DEVICENAME /dev/null:$FIRST_PORT" "LIBPATH $(driver)" \
        "CHANNELID $FIRST_PORT" >"$dir/reader.conf"
    polkit=
    case $(pcscd --help 2>&1 || :) in *--disable-polkit*) polkit=--disable-polkit ;; esac

    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # shellcheck disable=SC2086
    become pcscd --foreground --config "$dir/reader.conf" $polkit >"$dir/pcscd.log" 2>&1 &
    pids=$!
    become python3 "$HERE/vpcd_door.py" "$dir/door" &
    pids="$pids $!"
    tenths=0
    until [ -S "$dir/run/pcscd.comm" ] && [ -S "$dir/door" ]; do
        tenths=$((tenths + 1))
        [ "$tenths" -le "$WAIT_TENTHS" ] || fail "pcscd did not start: see $dir/pcscd.log"
        sleep 0.1
    done
    unset PCSCLITE_HP_DROPDIR

    PCSCLITE_CSOCK_NAME=$dir/run/pcscd.comm
    TODOKE_CARD_DOOR=$dir/door
    export PCSCLITE_CSOCK_NAME TODOKE_CARD_DOOR
    if [ $# -gt 0 ]; then
        status=0
        "$@" || status=$?
        exit "$status"
    fi
    printf '%s\n' "Two virtual card readers are there until Ctrl-C. In every other terminal, first:" \
        "  export PCSCLITE_CSOCK_NAME=$PCSCLITE_CSOCK_NAME TODOKE_CARD_DOOR=$TODOKE_CARD_DOOR"
    wait "${pids%% *}" || fail "pcscd has ended: see $dir/pcscd.log"
}

if [ "${1:-}" = --inside ]; then
    shift
    run_inside "$@"
else
    start_outside "$@"
fi
