package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// do sends one command on a connection of its own.
func do(addr string, args ...string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		return "", err
	}
	return readReply(bufio.NewReader(c))
}

func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("empty reply")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return "", fmt.Errorf("reply %q", line)
	}
	if n < 0 {
		return "", nil
	}
	if kind == '$' {
		b := make([]byte, n+2)
		_, err := io.ReadFull(r, b)
		return string(b[:n]), err
	}
	parts := make([]string, n)
	for i := range parts {
		if parts[i], err = readReply(r); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, "\n"), nil
}

// readCommand reads one client command and returns its name in upper case and its bytes.
func readCommand(r *bufio.Reader) (name string, raw []byte, err error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return "", nil, err
	}
	raw = append(raw, line...)
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(string(line), "*")))
	if err != nil {
		return "", nil, fmt.Errorf("command %q", line)
	}
	for i := range n {
		head, err := r.ReadBytes('\n')
		if err != nil {
			return "", nil, err
		}
		size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(string(head), "$")))
		if err != nil {
			return "", nil, fmt.Errorf("argument %q", head)
		}
		body := make([]byte, size+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return "", nil, err
		}
		if i == 0 {
			name = strings.ToUpper(string(body[:size]))
		}
		raw = append(append(raw, head...), body...)
	}
	return name, raw, nil
}
