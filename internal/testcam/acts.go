package testcam

import "math"

// Each act repeats so that the loop of 60 s closes on itself without a jump:
// all periods divide 60.

func phase(t, period, shift float64) float64 {
	return math.Mod(t/period+shift, 1)
}

// there goes 0..1..0 over one period; face is the direction.
func there(p float64) (at, face float64) {
	if p < .5 {
		return p * 2, 1
	}
	return 2 - p*2, -1
}

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

func actGate(c *canvas, t float64) {
	for i, l := range []point{{145, 214}, {648, 204}} {
		f := .16 + .05*math.Sin(t*2*math.Pi*1.5+float64(i)) + .03*math.Sin(t*2*math.Pi*4.1)
		c.light(rgb(255, 200, 130), f, l.x, l.y, 150, 150)
		a := t*2*math.Pi/2 + float64(i)*2 // a moth
		c.blob(rgb(240, 225, 190), .8, l.x+34*math.Cos(a)+12*math.Sin(a*3), l.y+20*math.Sin(a*2), 3, 3, .4)
	}
	if p := phase(t, 30, 0); p < .5 { // a car passes on the road behind the wall
		x := lerp(-120, 1400, p*2)
		c.light(rgb(255, 240, 205), .5, x+60, 262, 130, 26)
		c.light(rgb(255, 60, 40), .5, x-40, 266, 26, 12)
	}
	at, face := there(phase(t, 20, 0)) // someone walks to the gate and back
	x, y, h := lerp(300, 405, at), lerp(690, 455, at), lerp(210, 92, at)
	person(c, x, y, h, t*2*math.Pi*1.4, face, rgb(70, 84, 108))
	c.light(rgb(255, 244, 210), .35, x+face*h*.4, y-h*.02, h*.55, h*.18)
}

func actDock(c *canvas, t float64) {
	c.light(rgb(255, 214, 140), .10+.03*math.Sin(t*2*math.Pi/3), 645, 290, 170, 190)
	if math.Mod(t, 1) < .5 { // beacon over door 1
		c.light(rgb(255, 150, 30), .8, 366, 166, 46, 40)
	}
	at, face := there(phase(t, 15, .1))
	fork := .25 + .25*math.Sin(t*2*math.Pi/15)
	forklift(c, lerp(330, 980, at), 650, 170, face, fork)
	at, face = there(phase(t, 12, .4))
	person(c, lerp(590, 760, at), 440, 108, t*2*math.Pi*1.5, face, rgb(214, 96, 30))
}

func actYard(c *canvas, t float64) {
	a := t * 2 * math.Pi / 12 // the search light
	c.light(ink{90, 128, 128}, .5, 640+430*math.Sin(a), 470+90*math.Cos(a), 250, 110)
	at, face := there(phase(t, 30, 0))
	person(c, lerp(250, 1010, at), lerp(560, 420, at), lerp(150, 100, at), t*2*math.Pi*1.6, face, ink{150, 128, 128})
	if p := phase(t, 10, .2); p < .45 { // a cat crosses
		x := lerp(1300, -40, p/.45)
		y := 640 + 4*math.Sin(t*20)
		c.blob(ink{30, 128, 128}, .6, x, y+18, 40, 6, .5)
		c.blob(ink{120, 128, 128}, 1, x, y, 34, 13, .2)
		c.blob(ink{120, 128, 128}, 1, x-36, y-12, 12, 11, .2)
		c.blob(ink{225, 128, 128}, 1, x-42, y-13, 3, 3, .2)
	}
}

func actStreet(c *canvas, t float64) {
	for i, paint := range []ink{rgb(120, 40, 36), rgb(60, 84, 120), rgb(150, 150, 140)} { // towards the camera
		p := phase(t, 15, float64(i)/3)
		s := p * p
		carFront(c, lerp(606, 430, s), lerp(312, 860, s), lerp(18, 300, s), paint, false)
	}
	for i, paint := range []ink{rgb(40, 52, 66), rgb(96, 88, 70)} { // away
		p := 1 - phase(t, 12, float64(i)/2)
		s := p * p
		carFront(c, lerp(650, 1010, s), lerp(312, 820, s), lerp(18, 260, s), paint, true)
	}
	if p := phase(t, 20, .3); p < .6 { // somebody crosses
		person(c, lerp(300, 1000, p/.6), 505, 120, t*2*math.Pi*1.7, 1, rgb(176, 150, 60))
	}
}

func actAisle(c *canvas, t float64) {
	if v := math.Sin(t*2*math.Pi*7) * math.Sin(t*2*math.Pi/5); v > .5 { // a tired tube
		c.light(rgb(230, 240, 255), .35, 643, 50, 90, 30)
	}
	at, face := there(phase(t, 20, 0))
	s := at * at
	person(c, lerp(650, 760, s), lerp(330, 700, s), lerp(70, 400, s), t*2*math.Pi*1.3, face, rgb(206, 170, 40))
	at, _ = there(phase(t, 30, .5)) // a carrier robot
	s = at * at
	x, y, w := lerp(636, 560, s), lerp(325, 640, s), lerp(30, 190, s)
	c.blob(rgb(6, 8, 10), .5, x, y, w*.6, w*.1, .6)
	c.box(rgb(46, 84, 140), 1, x-w*.5, y-w*.32, x+w*.5, y)
	c.box(rgb(150, 112, 70), 1, x-w*.42, y-w*.95, x+w*.42, y-w*.32)
	c.box(rgb(118, 86, 54), 1, x-w*.05, y-w*.95, x+w*.05, y-w*.32)
	c.light(rgb(120, 230, 255), .6+.3*math.Sin(t*2*math.Pi), x, y-w*.16, w*.3, w*.1)
}

func actCarPark(c *canvas, t float64) {
	p := phase(t, 12, 0)
	carSide(c, lerp(-160, 1440, p), 392, 150, 1, rgb(176, 60, 48), false)
	p = phase(t, 15, .4)
	carSide(c, lerp(1480, -220, p), 620, 260, -1, rgb(70, 96, 130), true)
	at, face := there(phase(t, 30, 0))
	person(c, lerp(420, 900, at), lerp(450, 480, at), 92, t*2*math.Pi*1.5, face, rgb(190, 186, 176))
	if p := phase(t, 20, .7); p < .5 { // a bird's shadow
		c.blob(rgb(20, 22, 26), .5, lerp(-30, 1310, p*2), 560+60*math.Sin(p*12), 22, 7, .5)
	}
}
