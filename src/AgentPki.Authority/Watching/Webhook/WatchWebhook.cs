using System.Diagnostics.CodeAnalysis;
using AgentPki.Authority.Profiles;

namespace AgentPki.Authority.Watching.Webhook;

/// <summary>Who is told of what the watch finds: <c>webhook</c> in <c>watch.yaml</c>.</summary>
/// <param name="Url">https, or http to this machine itself.</param>
/// <param name="SecretFile">The file with the secret that signs, seen from the home.</param>
public sealed record WatchWebhook(Uri Url, string SecretFile)
{
    private const int LongestUrl = 2048;

    /// <summary>Null when there is none, or, with an error gathered, when it is none that can serve.</summary>
    internal static WatchWebhook? Read(ProfileNode node)
    {
        var (text, file) = (node.Text("url"), node.Text("secretFile"));
        node.RejectUnknown();
        if (text is null && file is null)
        {
            return null;
        }

        if (text is null)
        {
            node.Fail("url", "is missing: where events go");
            return null;
        }

        if (file is null)
        {
            node.Fail("secretFile", "is missing: a file with the secret that signs, so that the receiver knows who sends (docs/watching.md)");
            return null;
        }

        if (!TryParseUrl(text, out var url))
        {
            node.Fail("url", "an https URL is wanted, without user and fragment (http to this machine itself alone)");
            return null;
        }

        return new WatchWebhook(url, file);
    }

    private static bool TryParseUrl(string text, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url) && text.Length <= LongestUrl && url.UserInfo.Length == 0 && url.Fragment.Length == 0
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}
