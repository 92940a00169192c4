package ffmpeg

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// restrain lowers a child's priority and bounds its memory. Where the system
// refuses, the child runs without.
func restrain(pid int) {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, childNice)
	_ = unix.Prlimit(pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: childMemory, Max: childMemory}, nil)
}
