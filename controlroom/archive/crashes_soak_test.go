//go:build soak

package archive

const crashes = 200
