"""Floor 6: photos come in: reader -> analyser -> writer. How a face is found is in faces/, how it is stored in
store/."""
