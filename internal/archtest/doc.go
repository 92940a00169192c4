// Package archtest holds the rules of the code base as tests: who may import
// whom, which versions are pinned and why, where the time may be asked, that
// every link in the documents leads somewhere, and that nothing of the machine
// it was written on is left in a file. It has no code of its own.
package archtest
