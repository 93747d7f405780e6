# METADATA
# title: Rows of the data
# description: What every table's rows have in common.
package facts.rows

# METADATA
# description: |
#   Whether a row gives a field. Given is given, whatever its value: a restriction that can't be read must not be
#   held to be none.
gives(row, name) if _ = row[name]
