"""Sentences that codes of several files have in common: lines to paste, and whom to ask."""

PUBLIC = "Compare with a public resolver: `dig +short @223.5.5.5 {host} A`."
LOOK = "Look by hand: `openssl s_client -connect {address}:{port} -servername {host} </dev/null`."
WHOSE = (
    "See whose certificate it is: `openssl s_client -connect {address}:{port} -servername {host} </dev/null "
    "2>/dev/null | openssl x509 -noout -subject -issuer -dates`."
)
EACH = (
    "Compare the addresses: `for a in $(getent ahostsv4 {host} | awk '{{print $1}}' | sort -u); do echo $a; "
    "openssl s_client -connect $a:{port} -servername {host} </dev/null 2>/dev/null | openssl x509 -noout "
    "-subject -issuer -enddate; done`."
)
TIMES = (
    "Measure when the connection, TLS and the first byte are there, in seconds from the start: `curl -so /dev/null -m 30 "
    "-w '%{{time_connect}} %{{time_appconnect}} %{{time_starttransfer}}\\n' https://{endpoint}/`."
)
HOPS = "See at which hop packets are lost: `mtr -rn -T -P {port} -c 50 {address}`."
ASK_FIREWALL = (
    "Ask those who run the firewall to let TCP {port} to {host} out, by name: the service's addresses change, "
    "and no list of them is given."
)
SERVER = "Compare with another network. If it is the same there, tell the service's support what you saw; call the backup domain meanwhile."
TIME = "See what this host takes for the time: `date -u; curl -skI https://{endpoint}/ | grep -i ^date:`."
CURL = "Repeat it by hand: `curl -sv -m 10 https://{endpoint}/`."
SUPPORT = "Tell the service's support the time, the SDKAppID and what you saw."
CONFIGURED = "Show what is configured: `grep nameserver /etc/resolv.conf`."
