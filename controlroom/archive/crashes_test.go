//go:build !soak

package archive

// crashes is how often the crash test kills its process; `make soak` does 200.
const crashes = 6
