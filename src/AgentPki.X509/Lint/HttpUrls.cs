namespace AgentPki.X509.Lint;

/// <summary>Locations in certificates and CRLs.</summary>
internal static class HttpUrls
{
    /// <summary>Whether a text is a plain http URL with a host, in printable ASCII.</summary>
    public static bool IsHttp(string url) =>
        url.StartsWith("http://", StringComparison.Ordinal) && url.Length > 7 && url[7] is not ('/' or ':' or '?' or '#') && !url.AsSpan().ContainsAnyExceptInRange('!', '~');
}
