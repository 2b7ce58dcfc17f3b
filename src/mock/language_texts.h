/* SPDX-License-Identifier: Apache-2.0
 *
 * What the mock server says, in English, German and Spanish: X(english, german, spanish). The
 * reasons of proto, session and sasl are among it.
 */
#ifndef PQ_MOCK_LANGUAGE_TEXTS_H
#define PQ_MOCK_LANGUAGE_TEXTS_H

/* answers to commands */
#define PQ_TEXT_COMMAND_LIST(X)                                                                    \
    X("bye", "auf Wiedersehen", "adi\xC3\xB3s")                                                    \
    X("send PASS", "PASS wird erwartet", "falta PASS")                                             \
    X("UTF-8 mode", "UTF-8 ist eingeschaltet", "modo UTF-8")                                       \
    X("begin TLS", "TLS kann beginnen", "empiece TLS")                                             \
    X("maildrop has", "das Postfach hat", "el buz\xC3\xB3n tiene")                                 \
    X("messages", "Nachrichten", "mensajes")                                                       \
    X("octets", "Oktette", "octetos")                                                              \
    X("this language is used", "diese Sprache gilt nun f\xC3\xBCr alle Texte",                     \
      "este idioma se usa en adelante")                                                            \
    X("languages follow", "die Sprachen folgen", "siguen los idiomas")                             \
    X("capability list follows", "die F\xC3\xA4higkeiten folgen", "sigue la lista de capacidades") \
    X("scan listing follows",                                                                      \
      "die Gr\xC3\xB6\xC3\x9F"                                                                     \
      "en folgen",                                                                                 \
      "siguen los tama\xC3\xB1os")                                                                 \
    X("unique-id listing follows", "die Kennungen folgen",                                         \
      "siguen los identificadores \xC3\xBAnicos")                                                  \
    X("message follows", "die Nachricht folgt", "sigue el mensaje")                                \
    X("top of message follows", "der Anfang der Nachricht folgt", "sigue el comienzo del mensaje") \
    X("message marked as deleted", "die Nachricht ist zum L\xC3\xB6schen vorgemerkt",              \
      "el mensaje est\xC3\xA1 marcado para borrarse")                                              \
    X("no message is marked", "keine Nachricht ist vorgemerkt",                                    \
      "ning\xC3\xBAn mensaje est\xC3\xA1 marcado")                                                 \
    X("no such message", "diese Nachricht gibt es nicht", "no existe ese mensaje")                 \
    X("no such language", "diese Sprache gibt es nicht", "no existe ese idioma")                   \
    X("some marked messages were not removed",                                                     \
      "einige vorgemerkte Nachrichten wurden nicht gel\xC3\xB6scht",                               \
      "algunos mensajes marcados no se borraron")                                                  \
    X("the message has UTF-8 headers: UTF8 is needed",                                             \
      "die Kopfzeilen sind in UTF-8: der Befehl UTF8 ist n\xC3\xB6tig",                            \
      "las cabeceras est\xC3\xA1n en UTF-8: hace falta UTF8")                                      \
    X("TLS is not offered", "TLS wird nicht angeboten", "no se ofrece TLS")                        \
    X("STLS is refused behind UTF8", "STLS ist nach UTF8 nicht zul\xC3\xA4ssig",                   \
      "STLS no se admite despu\xC3\xA9s de UTF8")                                                  \
    X("UTF8 is not offered", "UTF8 wird nicht angeboten", "no se ofrece UTF8")                     \
    X("USER is not offered", "USER wird nicht angeboten", "no se ofrece USER")                     \
    X("APOP is not offered", "APOP wird nicht angeboten", "no se ofrece APOP")                     \
    X("a password in clear is refused: use STLS",                                                  \
      "ein Passwort im Klartext ist nicht zul\xC3\xA4ssig: erst STLS",                             \
      "no se admite una contrase\xC3\xB1"                                                          \
      "a sin cifrar: use STLS")                                                                    \
    X("invalid name or password", "Name oder Passwort ist falsch",                                 \
      "nombre o contrase\xC3\xB1"                                                                  \
      "a incorrectos")                                                                             \
    X("too soon after the last login", "zu fr\xC3\xBCh nach der letzten Anmeldung",                \
      "demasiado pronto tras el \xC3\xBAltimo acceso")                                             \
    X("the maildrop is open in another session",                                                   \
      "das Postfach ist in einer anderen Sitzung ge\xC3\xB6"                                       \
      "ffnet",                                                                                     \
      "el buz\xC3\xB3n est\xC3\xA1 abierto en otra sesi\xC3\xB3n")                                 \
    X("no memory for the maildrop", "kein Speicher f\xC3\xBCr das Postfach",                       \
      "no hay memoria para el buz\xC3\xB3n")                                                       \
    X("no memory for the exchange", "kein Speicher f\xC3\xBCr die Anmeldung",                      \
      "no hay memoria para el intercambio")                                                        \
    X("the mechanism is not offered", "das Verfahren wird nicht angeboten",                        \
      "no se ofrece el mecanismo")                                                                 \
    X("the challenge does not fit", "die Aufforderung ist zu lang", "el desaf\xC3\xADo no cabe")   \
    X("the response is not base64", "die Antwort ist nicht in Base64",                             \
      "la respuesta no est\xC3\xA1 en base64")                                                     \
    X("the response is too long", "die Antwort ist zu lang", "la respuesta es demasiado larga")    \
    X("the exchange was cancelled", "die Anmeldung wurde abgebrochen",                             \
      "el intercambio se cancel\xC3\xB3")

/* of pq_flaw_text() */
#define PQ_TEXT_FLAW_LIST(X)                                                                       \
    X("the line is longer than 255 octets", "die Zeile ist l\xC3\xA4nger als 255 Oktette",         \
      "la l\xC3\xADnea tiene m\xC3\xA1s de 255 octetos")                                           \
    X("the line is empty", "die Zeile ist leer",                                                   \
      "la l\xC3\xADnea est\xC3\xA1 vac\xC3\xAD"                                                    \
      "a")                                                                                         \
    X("an octet is not printable ASCII", "ein Oktett ist kein druckbares ASCII",                   \
      "un octeto no es ASCII imprimible")                                                          \
    X("keyword and arguments are not separated by exactly one space",                              \
      "Befehl und Argumente sind nicht durch genau ein Leerzeichen getrennt",                      \
      "la orden y los argumentos no est\xC3\xA1n separados por un solo espacio")                   \
    X("the keyword is unknown", "der Befehl ist unbekannt", "no se conoce la orden")               \
    X("a required argument is missing", "ein Argument fehlt", "falta un argumento")                \
    X("there are more arguments than the command takes",                                           \
      "es sind mehr Argumente, als der Befehl nimmt",                                              \
      "hay m\xC3\xA1s argumentos de los que admite la orden")                                      \
    X("an argument is not a canonical decimal number",                                             \
      "ein Argument ist keine Dezimalzahl ohne f\xC3\xBChrende Null",                              \
      "un argumento no es un n\xC3\xBAmero decimal can\xC3\xB3nico")                               \
    X("the digest is not 32 hexadecimal digits",                                                   \
      "die Pr\xC3\xBC"                                                                             \
      "fsumme hat nicht 32 hexadezimale Ziffern",                                                  \
      "el resumen no tiene 32 cifras hexadecimales")                                               \
    X("the mechanism name does not follow RFC 4422 section 3.1",                                   \
      "der Name des Verfahrens folgt nicht RFC 4422, Abschnitt 3.1",                               \
      "el nombre del mecanismo no sigue la secci\xC3\xB3n 3.1 de RFC 4422")                        \
    X("the argument is not a basic language range of RFC 4647 section 2.1",                        \
      "das Argument ist kein einfacher Sprachbereich nach RFC 4647, Abschnitt 2.1",                \
      "el argumento no es un rango b\xC3\xA1sico de idioma de RFC 4647, secci\xC3\xB3n 2.1")

/* of pq_refusal_text() */
#define PQ_TEXT_REFUSAL_LIST(X)                                                                    \
    X("the command is not valid in this state", "der Befehl gilt in diesem Zustand nicht",         \
      "la orden no vale en este estado")                                                           \
    X("PASS must follow USER immediately, and USER only stands first",                             \
      "PASS muss gleich auf USER folgen, und USER steht am Anfang",                                \
      "PASS debe seguir a USER sin nada en medio, y USER va primero")                              \
    X("TLS is already active", "TLS ist schon aktiv", "TLS ya est\xC3\xA1 activo")

/* of pq_sasl_flaw_text(), where they are told to the client */
#define PQ_TEXT_SASL_LIST(X)                                                                       \
    X("the buffer that was lent is too small for the answer",                                      \
      "der Speicher reicht f\xC3\xBCr die Antwort nicht", "la memoria no basta para la respuesta") \
    X("the cryptographic library refused", "die kryptographische Bibliothek versagt",              \
      "la biblioteca criptogr\xC3\xA1"                                                             \
      "fica se niega")                                                                             \
    X("a message where the mechanism has none", "eine Nachricht, wo das Verfahren keine hat",      \
      "un mensaje donde el mecanismo no tiene ninguno")                                            \
    X("the fields are not those of the mechanism in their order",                                  \
      "die Felder sind nicht die des Verfahrens in ihrer Ordnung",                                 \
      "los campos no son los del mecanismo en su orden")                                           \
    X("a field is empty or longer than its limit", "ein Feld ist leer oder zu lang",               \
      "un campo est\xC3\xA1 vac\xC3\xADo o es demasiado largo")                                    \
    X("an octet that its field may not hold, or text that is not UTF-8",                           \
      "ein unzul\xC3\xA4ssiges Oktett, oder Text, der nicht UTF-8 ist",                            \
      "un octeto que el campo no admite, o un texto que no es UTF-8")                              \
    X("a name holds an equals sign that is neither =2C nor =3D",                                   \
      "ein Name hat ein Gleichheitszeichen, das weder =2C noch =3D ist",                           \
      "un nombre tiene un signo igual que no es ni =2C ni =3D")                                    \
    X("a mandatory extension, and none is known",                                                  \
      "eine verbindliche Erweiterung, und keine ist bekannt",                                      \
      "una extensi\xC3\xB3n obligatoria, y no se conoce ninguna")                                  \
    X("the value of an attribute is not the base64 that it must be",                               \
      "der Wert eines Attributs ist nicht in Base64",                                              \
      "el valor de un atributo no est\xC3\xA1 en base64")                                          \
    X("the iteration count is not a canonical decimal number",                                     \
      "die Anzahl der Runden ist keine Dezimalzahl ohne f\xC3\xBChrende Null",                     \
      "el n\xC3\xBAmero de iteraciones no es un decimal can\xC3\xB3nico")                          \
    X("c= does not repeat the GS2 header", "c= wiederholt den GS2-Kopf nicht",                     \
      "c= no repite la cabecera GS2")                                                              \
    X("r= does not repeat the nonce", "r= wiederholt die Nonce nicht", "r= no repite el nonce")

#define PQ_TEXT_LIST(X)                                                                            \
    PQ_TEXT_COMMAND_LIST(X)                                                                        \
    PQ_TEXT_FLAW_LIST(X)                                                                           \
    PQ_TEXT_REFUSAL_LIST(X)                                                                        \
    PQ_TEXT_SASL_LIST(X)

#endif
