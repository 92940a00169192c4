// Package measure runs the built sightline as another process, does to it what
// people do, and measures what they would feel: the time to the first picture,
// packets lost by the server, the time from a revocation to the last packet,
// the cost of a delivered packet. The stage promises (build tag promises) holds
// each figure at three times its bar; `sightline bench` prints the figures.
package measure
