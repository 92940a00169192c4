//go:build soak

package gallery

const crashes = 200
