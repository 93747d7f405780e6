"""RFC 6962 trees and the texts of C2SP that speak about them: pure values, no files and no records."""
