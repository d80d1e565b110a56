package command

// germanDevices is what is said of devices, in German, by the English text.
var germanDevices = [][2]string{
	{"In %s your devices are seen as one: what is said by %s.", "In %s erscheinen deine Geräte als eins. Es gilt, was eins davon sagt: %s."},
	{"Others see what is said by", "Andere sehen, was sagt"},
	{"Where you are available with several devices, one of them says for all how you are. One that takes no messages does so only if there is no other.",
		"Wenn du mit mehreren Geräten da bist, sagt eins davon für alle, wie es dir geht. Eins, das keine Nachrichten annimmt, tut das nur, wenn kein anderes da ist."},
	{"Which of your devices speaks for you in %s", "Welches deiner Geräte in %s für dich spricht"},
	{"Which of your devices speaks for you", "Welches deiner Geräte für dich spricht"},
	{"combine available; combine priority; combine recent", "kombiniere verfügbar; kombiniere priorität; kombiniere zuletzt"},
	{"combine – which of your devices speaks for you", "kombiniere – welches deiner Geräte für dich spricht"},
	{"connection interrupted", "Verbindung unterbrochen"},
	{"idle for %d days", "seit %d Tagen untätig"},
	{"idle for %d h", "seit %d Std. untätig"},
	{"idle for %d min", "seit %d Min. untätig"},
	{"switched off", "ausgeschaltet"},
	{"the most available one", "das am besten verfügbare"},
	{"the one of highest priority", "das mit der höchsten Priorität"},
	{"the one used last", "das zuletzt benutzte"},
}
