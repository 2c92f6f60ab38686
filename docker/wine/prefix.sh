# Make the prefix of which each container gets a copy: without the DLLs that Wine copies into it,
# which are 640 MB, and with the folders at the places where a program of Windows has them.
set -eu
export HOME=/opt/wine WINEPREFIX=/opt/wine/prefix WINEDEBUG=-all USER=startlab LOGNAME=startlab
export WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d"
wine=/usr/lib/wine/wine64
$wine wineboot --init
# A crash ends the process, instead of starting a debugger that waits.
$wine reg add 'HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug' /v Debugger /d false /f
$wine reg add 'HKCU\Software\Wine' /v Version /d win10 /f
wineserver -w
rm -rf "$WINEPREFIX/wineserver" /tmp/wine-*  # where the server of this prefix was
builtin=$(dirname "$(find /usr/lib -path '*/wine/*' -name kernel32.dll | head -n 1)")
find "$WINEPREFIX/drive_c/windows" -type f | while read -r file; do
    same="$builtin/${file##*/}"
    if cmp -s "$file" "$same"; then ln -sf "$same" "$file"; fi
done
ln -s /opt/python "$WINEPREFIX/drive_c/Python"
ln -s /startlab "$WINEPREFIX/drive_c/startlab"
ln -s /program "$WINEPREFIX/drive_c/program"
# A path of Unix, such as /tmp, would be found below the drive that has all of the container.
rm "$WINEPREFIX/dosdevices/z:"
