package testpeer

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// SocketDrops is how many datagrams the system dropped at this viewer's own
// socket because its queue was full: loss that is not the server's. It reads
// /proc/net/udp and fails where there is none.
func (p *Peer) SocketDrops() (uint64, error) {
	if p.conn == nil {
		return 0, nil
	}
	port := p.conn.LocalAddr().(*net.UDPAddr).Port
	drops, err := PortDrops()
	if err != nil {
		return 0, err
	}
	return drops[port], nil
}

// PortDrops is SocketDrops for all UDP/IPv4 ports of this machine in one reading.
func PortDrops() (map[int]uint64, error) {
	f, err := os.Open("/proc/net/udp")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := map[int]uint64{}
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		c := strings.Fields(sc.Text())
		if len(c) < 13 || c[0] == "sl" {
			continue
		}
		_, hex, ok := strings.Cut(c[1], ":")
		port, err := strconv.ParseUint(hex, 16, 16)
		if !ok || err != nil {
			return nil, fmt.Errorf("testpeer: unreadable address %q", c[1])
		}
		n, err := strconv.ParseUint(c[len(c)-1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("testpeer: unreadable drops %q", c[len(c)-1])
		}
		out[int(port)] += n
	}
	return out, sc.Err()
}
