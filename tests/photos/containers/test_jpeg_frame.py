"""JPEGs of the rarer processes of ITU T.81: read where libjpeg reads them, and named where it does not."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from faceindex.errors import UnreadablePhoto
from faceindex.photos.decode import Photo

WAVES = base64.b85decode(  # grey, 48 x 48, by cjpeg -arithmetic
    r"|JeWF01!$>Nk#wx0RR9200961|JwjV01yid4h#wq4h;?x5fBp?C>j_R78o%jB^@X_Gd(;xGdMRuNL)@pL{~*OI8bd-S6^ahXlFi6"
    r"ad~iLcwA*?WB<tj3kU!(05Aao5di<p00saM5C#9*00;pA002J#&{yxQe1uXLMbmmx7VAm8a(?T8)nV&elnDAcq!MuOzq7LP-zj#H"
    r"Ax6`RJ5DB)6^#DJb%)u7&%5Ov)K=~;7R$LJJwJGk<0IXd!B}<$?C^CCGqL4!X<}f*d63?Hhf&wvhO8dwXPp88{lod<7~-POdNteT"
    r"7Z?ImjK;EJj`JDv+x?g=)UG-E(fI)17ZB+G0BhBlZfccZAQPF*tVro;0>&J3Lk^-gmv%hBe=?l)T>g(f{g}#y^>k{wTZ2I}=)w{V"
    r"@KkPUV1d!{7_<!Fj9G9Ktp+BJC`|Eap$QKrx0{PAsGDWbkxv8_aL|CcV~Yr_CF5ksyMKz>YobfuGBjmw<jnb~o8?f*zHp??oTM{H"
    r"&<0WPDZ)zd=JVc~r^IoWg&<W5zAG+$Z~NNe->1|WDgF3G*U$X7jy{FE(}{JFCvVfcvela1%<uCog_jjiYc6c@qfZ;>Zx`L<>MO2!"
    r";BiE@HV)(OLkcnVBGh)|cOl;8H;DD#@fw6efdAP"
)
FLAT = base64.b85decode(  # 40 x 40 of grey 128: its coded data are two bytes
    r"|JeWF01!$>Nk#wx0RR9200961|JwjV01yid4h#wq4h;?x5fBp?C>j_R78o%jB^@X_Gd(;xGdMRuNL)@pL{~*OI8bd-S6^ahXlFi6"
    r"ad~iLcwA*?WB<tj3kU!x04M<g5di<p00saM5C#9*00;pA002J#Aph9"
)


def warning(data: bytes) -> str | None:
    photo = Photo(data, "a")
    photo.image()
    return photo.warning


def test_an_arithmetic_coded_jpeg_larger_than_pillows_buffer_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Photo(WAVES, "a").pixels()
    assert whole.std() > 30
    monkeypatch.setattr(ImageFile, "MAXBLOCK", 200)
    assert np.array_equal(Photo(WAVES, "a").pixels(), whole)


def test_flat_grey_without_bytes_of_arithmetic_code_is_complete() -> None:
    assert warning(FLAT) is None
    assert warning(WAVES) is None


def test_an_arithmetic_coded_jpeg_that_is_cut_off_says_how_much_is_missing() -> None:
    with pytest.raises(UnreadablePhoto, match="of the picture is missing"):
        Photo(WAVES[: len(WAVES) // 2], "a").image()


@pytest.mark.parametrize(
    ("marker", "bits", "said"),
    [
        (0xC1, 12, "12 bits a sample"),
        (0xC3, 16, "lossless, 16 bits a sample"),
        (0xC5, 8, "hierarchical"),
        (0xF7, 8, "JPEG-LS"),
    ],
)
def test_an_unsupported_kind_of_jpeg_is_named(marker: int, bits: int, said: str) -> None:
    buffer = io.BytesIO()
    Image.new("L", (16, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    with pytest.raises(UnreadablePhoto, match=said) as caught:
        Photo(bytes(data), "a").image()
    assert "cannot be read" in caught.value.reason
