using System.Security.Cryptography;
using System.Text;
using AgentPki.X509.CertificateLists;

namespace AgentPki.Server.Guard.Lists;

/// <summary>
/// CRL files, replaced as a whole: written beside, synced, renamed over. For each list <c>NAME.crl</c> (DER) and <c>NAME.pem</c>, and all together in <c>all.pem</c>, which is what nginx wants.
/// Readable by everybody: a CRL is public.
/// </summary>
internal sealed class ListFolder(string folder)
{
    private const string All = "all.pem";
    private const UnixFileMode Public = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The name of a list's files: <c>/crl/issuing/3.crl</c> is <c>issuing-3</c>.</summary>
    public static string NameOf(Uri url)
    {
        var segments = url.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(s => s != "crl").Select(Uri.UnescapeDataString);
        var name = string.Join('-', segments);
        name = name.EndsWith(".crl", StringComparison.Ordinal) ? name[..^4] : name;
        return string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_')) is { Length: > 0 } clean && clean != "all" ? clean : "list";
    }

    /// <summary>The list that an earlier run, or somebody, left; null when there is none that can be read. It is not verified.</summary>
    public CertificateList? TryRead(string name)
    {
        try
        {
            return CertificateList.TryParse(File.ReadAllBytes(Path.Combine(folder, name + ".crl")), out var list, out _) ? list : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public string Write(string name, CertificateList list)
    {
        Replace(name + ".pem", Encoding.ASCII.GetBytes(Pem(list)));
        return Replace(name + ".crl", list.Der.Span);
    }

    public void WriteAll(IEnumerable<CertificateList> lists) => Replace(All, Encoding.ASCII.GetBytes(string.Concat(lists.Select(Pem))));

    private static string Pem(CertificateList list) => PemEncoding.WriteString("X509 CRL", list.Der.Span) + "\n";

    private string Replace(string name, ReadOnlySpan<byte> content)
    {
        var target = Path.Combine(folder, name);
        var temporary = Path.Combine(folder, $".{name}.new");
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 }))
        {
            File.SetUnixFileMode(file.SafeFileHandle, Public);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, target, overwrite: true);
        return target;
    }
}
