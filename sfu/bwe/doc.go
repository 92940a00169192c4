// Package bwe answers two questions for the sender of one connection, from
// nothing but packets and clocks: how much the path carries (Estimator, fed by
// transport-wide feedback) and who gets which layer of it (Allocate). It knows
// no sockets and no peers, starts no goroutine and reads no clock: every call
// takes the time, so a recorded trace gives the same answer every time.
//
// Rates are bit/s of what leaves the machine (IP and UDP headers included),
// times are ns of one monotonic clock. Nothing here is safe for concurrent use.
package bwe
