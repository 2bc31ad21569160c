# Sourced by ./run and ./test: one list of what the project needs, and rafted_setup, which installs
# what is missing of it on Debian and its like, and elsewhere only says what is missing.
#
# A line of the list: "package[|other package[:least version]] probe"; the first package that this
# system has is taken; the probe (command or header) is for systems with other package names.

rafted_build_packages=(
    "g++ cmd:g++"
    "cmake cmd:cmake"
    "ninja-build cmd:ninja"
    "pkg-config|pkgconf cmd:pkg-config"
    "libboost1.81-dev|libboost-dev:1.81 hdr:boost/pfr.hpp"
    "libxxhash-dev hdr:xxhash.h"
    "libzstd-dev hdr:zstd.h"
    "libcli11-dev hdr:CLI/CLI.hpp"
    "nlohmann-json3-dev hdr:nlohmann/json.hpp"
)
rafted_test_packages=(
    "libgtest-dev hdr:gtest/gtest.h"
    "libgmock-dev hdr:gmock/gmock.h"
    "librapidcheck-dev hdr:rapidcheck.h"
    "libbenchmark-dev hdr:benchmark/benchmark.h"
    "clang-format-19 cmd:clang-format-19"
    "python3 cmd:python3"
    "strace cmd:strace"
    "patch cmd:patch"
)
rafted_clang_packages=(
    "clang-19 cmd:clang++-19"
    "libclang-rt-19-dev cmd:clang++-19"
)
rafted_count_packages=("valgrind cmd:valgrind")
# Only what shows pages needs these; the fonts, because a browser without any draws boxes.
rafted_web_packages=(
    "chromium|chromium-browser cmd:chromium"
    "chromium-driver|chromium-chromedriver cmd:chromedriver"
    "fonts-dejavu-core cmd:fc-list"
)

rafted_is_debian_like() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null &&
        grep -qsE '^(ID|ID_LIKE)=.*(debian|ubuntu)' /etc/os-release
}

# rafted_installed PACKAGE[:VERSION]
rafted_installed() {
    local found
    found=$(dpkg-query -W -f '${db:Status-Abbrev}${Version}' "${1%%:*}" 2>/dev/null) || return 1
    [[ $found == ii* ]] || return 1
    [[ $1 != *:* ]] || dpkg --compare-versions "${found#ii }" ge "${1#*:}"
}

rafted_can_install() {
    local candidate
    candidate=$(apt-cache policy "${1%%:*}" 2>/dev/null | sed -n 's/^  Candidate: //p')
    [[ -n $candidate && $candidate != "(none)" ]] || return 1
    [[ $1 != *:* ]] || dpkg --compare-versions "$candidate" ge "${1#*:}"
}

# Prints one package per line that is wanted and not installed.
rafted_missing_packages() {
    local line choice choices
    for line in "$@"; do
        IFS='|' read -ra choices <<<"${line% *}"
        for choice in "${choices[@]}"; do
            rafted_installed "$choice" && continue 2
        done
        for choice in "${choices[@]}"; do
            rafted_can_install "$choice" && break
            choice=${choices[0]}
        done
        echo "${choice%%:*}"
    done
}

# Prints what no probe finds: commands on the path, headers seen by the compiler.
rafted_missing_probes() {
    local line probe
    for line in "$@"; do
        probe=${line#* }
        case $probe in
            cmd:*) command -v "${probe#cmd:}" >/dev/null && continue ;;
            hdr:*) echo "#include <${probe#hdr:}>" |
                g++ -std=c++23 -x c++ -E - >/dev/null 2>&1 && continue ;;
        esac
        echo "  ${probe#*:} (Debian: ${line% *})"
    done
}

rafted_apt() {
    local as_root=()
    if [[ $(id -u) != 0 ]]; then
        as_root=(sudo)
        [[ -t 0 ]] || as_root=(sudo -n)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2
}

# rafted_setup LINE...: afterwards all of it is there, or the script has ended with code 1.
rafted_setup() {
    local missing
    if ! rafted_is_debian_like; then
        missing=$(rafted_missing_probes "$@")
        [[ -z $missing ]] && return
        printf '%s\n' "This system is not like Debian; please install what is missing:" \
            "$missing" >&2
        exit 1
    fi
    missing=$(rafted_missing_packages "$@")
    [[ -z $missing ]] && return
    if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
        echo "Packages are missing, and there is no sudo to install them. As root, do:" >&2
        echo "  apt-get install --no-install-recommends" $missing >&2
        exit 1
    fi
    echo "installing:" $missing >&2
    # The lists may be old or absent; only with them is it known which names this system uses.
    if ! rafted_apt update; then
        echo "apt-get update failed (see above); trying with the package lists at hand" >&2
    fi
    missing=$(rafted_missing_packages "$@")
    # One word per package.
    # shellcheck disable=SC2086
    if ! rafted_apt install -y --no-install-recommends $missing; then
        echo "Some of these could not be installed (see above):" $missing >&2
        exit 1
    fi
}

# How many compilers at once: as many as there are processors, and 2 GB of memory for each (eight
# sources of tests compiled as one took 1.6).
rafted_jobs() {
    local all gigabytes
    all=$(nproc)
    gigabytes=$(awk '/^MemTotal:/ { print int($2 / 1000000) }' /proc/meminfo 2>/dev/null) || true
    if [[ ${gigabytes:-0} -gt 0 && $((gigabytes / 2)) -lt $all ]]; then
        all=$((gigabytes / 2 > 0 ? gigabytes / 2 : 1))
    fi
    echo "${RAFTED_JOBS:-$all}"
}
