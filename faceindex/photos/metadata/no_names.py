# ruff: noqa: RUF001  (words of many languages)
"""Texts that programs write as the name of an unknown face."""

from __future__ import annotations

import re
import string
import unicodedata


def _words(listed: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in listed.split("|"))


_DIGIKAMS = _words(
    """
    anaithnid | berretsi gabea | bilinmeyen | desconeguda | desconhecidas | desconocido | descoñecido | diabaikan |
    ei vahvistettu | ezezaguna | genegeerd | hunsað | ignorada | ignoradas | ignorati | ignored | ignorerade |
    ignoriert | ignorované | ignorováno | ignoré | ikkje stadfesta | inconnus | ismeretlen | kihagyva | kinnitamata
    | neapstiprināti | necunoscut | nekonata | nepotrjeno | nepotvrdené | nepotvrzeno | nepoznata | nezināmi |
    neznano | neznáme | neznámý | nežinoma | niepotwierdzona | nieznany | non confermati | non confirmé |
    obekräftade | ohitettu | okända | onaylanmamış | onbekend | onbevestigd | pomijany | prezrto | sconosciuti | sem
    confirmação | sen confirmar | sense confirmació | sin confirmar | tundmatu | tuntematon | ukendt | ukjend |
    ukjent | unbekannt | unbestätigt | unconfirmed | unknown | óstaðfest | óþekkt | άγνωστα | χωρίσ επιβεβαίωση |
    игонорируемые | не пацверджана | не підтверджено | невядома | невідомі | неизвестные | неподтверждённые |
    ігнаруюцца | ігноровані | مجهول | مُتجاهَل | ناشناخته | ਅਣਜਾਣ | დაუდასტურებელი | იგნორირებულია | უცნობია |
    មិនស្គាល់ | 不明 | 已忽略 | 未知 | 未确认 | 무시됨 | 미확인 | 알 수 없음
    """
)
"""Unknown, Unconfirmed and Ignored, as digiKam 7.9 writes them in 43 languages; case-folded."""

_OTHERS = _words(
    """
    desconhecida | desconhecido | desconhecidos | desconocida | desconocidas | desconocidos | ignorado | ignorados |
    ignorato | ignore | ignored face | ignored faces | ignored people | ignored person | ignorierte | ignorée |
    ignorés | inconnu | inconnue | inconnues | ismeretlen személy | kişi bilinmiyor | nameless | neznámá | neznámý
    člověk | nicht bestätigt | niepotwierdzony | niet bevestigd | nieznana | nieznana osoba | nieznani | no
    confirmado | no name | non confermato | non confirmés | noname | none | not a face | not a person | não
    confirmado | ohne namen | okänd | okänd person | onbekend persoon | onbekende | onbekende persoon | persona
    desconocida | persona sconosciuta | personne inconnue | pessoa desconhecida | sans nom | sconosciuta |
    sconosciuto | sem nome | senza nome | sin nombre | stranger | strangers | tuntematon henkilö | ukendt person |
    ukjent person | unassigned | unbekannte | unbekannte person | unbekannte personen | unbekannter | unbenannt |
    unconfirmed face | unconfirmed faces | unconfirmed person | unidentified | unidentified person | unknown face |
    unknown faces | unknown people | unknown person | unknown persons | unnamed | unnamed face | unnamed faces |
    unnamed people | unnamed person | unrecognised | unrecognized | untagged | zonder naam | άγνωστο | άγνωστοσ |
    без имени | игнорируемые | игнорируется | невідома | невідомий | неизвестная | неизвестно | неизвестный |
    неизвестный человек | 不明な人物 | 无名 | 未知人物 | 알 수 없는 사람
    """
)
"""The same in other words, as written by other programs and their users."""

_PICASA_CONTACT = re.compile("[0-9a-f]{16}", re.ASCII)
"""The id of a contact that Picasa could not find; ffffffffffffffff means nobody."""

_TURNS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
_NUMBER = re.compile(r"[\s#_-]*\d+$")
_AROUND = string.punctuation + string.whitespace + "\u00ab\u00bb\u00bf\u00a1\uff1f\u200b\ufeff"


def person_name(said: str | None) -> str | None:
    """The name in Unicode form C, with single spaces; None if it means nobody."""
    text = "".join(character for character in said or "" if character.isspace() or not _is_control(character))
    name = " ".join(unicodedata.normalize("NFC", text).split())
    return None if _is_nobodys(name) else name


def _is_nobodys(name: str) -> bool:
    word = unicodedata.normalize("NFC", name.casefold())
    core = _NUMBER.sub("", word.strip(_AROUND))
    return (
        all(_says_nothing(character) for character in word)
        or _PICASA_CONTACT.fullmatch(word) is not None
        or core in _DIGIKAMS
        or core in _OTHERS
    )


def _is_control(character: str) -> bool:
    """Also marks that change the direction of writing, so that no name can look like another one."""
    return unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in _TURNS


def _says_nothing(character: str) -> bool:
    return unicodedata.category(character)[0] in "PZC" or character in _AROUND
