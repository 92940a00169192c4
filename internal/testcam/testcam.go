// Package testcam plays looped clips as real RTSP cameras on loopback: for the
// demo, for tests, and, when told to misbehave, for everything a bad camera does.
package testcam
