"""書類: pictures that a person sends with an answer; cleaned at the door, encrypted, shown to reviewing staff only."""

from app.documents.discard import DiscardedFor, discard
from app.documents.erase import erase_documents
from app.documents.models import Document
from app.documents.pictures import (
    MAX_FILE_BYTES,
    MAX_FILES,
    Picture,
    PictureRefused,
    Why,
    clean_picture,
)
from app.documents.queries import DocumentView, content_of, documents_of, find_document, sent_with
from app.documents.store import store_pictures

__all__ = [
    "MAX_FILES",
    "MAX_FILE_BYTES",
    "DiscardedFor",
    "Document",
    "DocumentView",
    "Picture",
    "PictureRefused",
    "Why",
    "clean_picture",
    "content_of",
    "discard",
    "documents_of",
    "erase_documents",
    "find_document",
    "sent_with",
    "store_pictures",
]
