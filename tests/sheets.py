"""Workbooks part by part, as no spreadsheet writes them: their rows are given as they stand in the file."""

import io
import zipfile

from tests.conftest import MOBILE

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
#: Style 1 is a date.
_STYLES = """
<fonts><font/></fonts><fills><fill><patternFill/></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>
<cellXfs><xf xfId="0"/><xf numFmtId="14" xfId="0"/></cellXfs>
<cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
"""


def workbook(rows, *, texts="<si><t>甲</t></si>", sheets=1, compression=zipfile.ZIP_DEFLATED, head="", styles=""):
    """The file, with a list of texts. All its sheets are the one part; ``head`` stands before each root."""
    kinds = {"workbook": "sheet.main", "sheet": "worksheet", "styles": "styles", "texts": "sharedStrings"}
    types = "".join(
        f'<Override PartName="/{part}.xml" ContentType="{_KIND}.{kind}+xml"/>' for part, kind in kinds.items()
    )
    names = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="a"/>' for n in range(1, sheets + 1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{types}</Types>',
        "workbook.xml": f'<workbook {_MAIN} xmlns:r="{_LINKS}"><sheets>{names}</sheets></workbook>',
        "_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="a" Type="{_LINKS}/worksheet" Target="/sheet.xml"/></Relationships>',
        "sheet.xml": f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>",
        "xl/styles.xml": f"<styleSheet {_MAIN}>{_STYLES}{styles}</styleSheet>",
        "texts.xml": f"<sst {_MAIN}>{texts}</sst>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, text in parts.items():
            made.writestr(name, head + text)
    return file.getvalue()


def cell(place, text):
    where = f' r="{place}"' if place else ""
    return f'<c{where} t="inlineStr"><is><t>{text}</t></is></c>'


def row(line, mobile=MOBILE, no="甲"):
    return f'<row r="{line}">{cell(f"A{line}", mobile)}{cell(f"B{line}", no)}</row>'


HEAD = row(1, "mobile", "no")
