package command

// germanPlaces is what is said of where people are, in German, by the English
// text.
var germanPlaces = [][2]string{
	{"How exactly others see in %s where you are", "Wie genau andere in %s sehen, wo du bist"},
	{"How exactly others see where you are", "Wie genau andere sehen, wo du bist"},
	{"It counts for those whom you let see your location. Your client has to publish that; what is finer than you say here is not kept.",
		"Es gilt für die, denen du deinen Standort zeigst. Dein Programm muss ihn veröffentlichen; was genauer ist, als du hier sagst, wird nicht behalten."},
	{"Nobody in %s sees where you are. If you let them, they see: %s.", "Niemand in %s sieht, wo du bist. Wenn du es zeigst, sehen sie: %s."},
	{"They see", "Sie sehen"},
	{"Where you are", "Wo du bist"},
	{"Whom you let see in %s where you are sees: %s.", "Wem du in %s zeigst, wo du bist, der sieht: %s."},
	{"country and region", "Land und Region"},
	{"country, region and town", "Land, Region und Ort"},
	{"everything that your client says of it", "alles, was dein Programm davon sagt"},
	{"location country; location region; location town; location 10km; location 1km; location exact",
		"standort land; standort region; standort stadt; standort 10km; standort 1km; standort genau"},
	{"location – how exactly others see where you are", "standort – wie genau andere sehen, wo du bist"},
	{"the country", "das Land"},
	{"the town, and coordinates to about 1 km", "den Ort, und Koordinaten auf etwa 1 km"},
	{"the town, and coordinates to about 10 km", "den Ort, und Koordinaten auf etwa 10 km"},
}
