package main

import "syscall"

func peakBytes(usage *syscall.Rusage) int64 { return usage.Maxrss << 10 }
