# Writes the files of a page into a C++ source: cmake -D FOLDER=… -D OUTPUT=… -P EmbedPage.cmake
set(entries)
foreach(name index.html page.css page.js)
  file(READ ${FOLDER}/${name} content)
  string(APPEND entries "    {\"${name}\", R\"weir_page(${content})weir_page\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"rest/page_files.h\"\n\nnamespace weir::rest {\nnamespace {\nconstexpr PageAsset kAssets[] = {\n${entries}};\n}  // namespace\n\nstd::span<const PageAsset> page_assets() { return kAssets; }\n\n}  // namespace weir::rest\n")
