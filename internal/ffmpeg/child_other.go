//go:build !linux

package ffmpeg

import "syscall"

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// restrain lowers a child's priority; memory is bounded on Linux only.
func restrain(pid int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, childNice) }
