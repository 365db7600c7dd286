using System.Net;
using System.Text;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography.Jose;
using AgentPki.Protocols.Acme.Validation.Egress;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>http-01 (RFC 8555 §8.3; for addresses RFC 8738 §4): the key authorization lies at a well-known place of the host's web server.</summary>
internal sealed class Http01Validator(EgressGate gate) : IChallengeValidator
{
    private const int Port = 80;

    public string Type => ChallengeTypes.Http01;

    // RFC 8555 §8.3: proves nothing of the names that a wildcard covers.
    public bool Handles(AcmeIdentifier identifier, bool wildcard) => !wildcard && identifier.Type is AcmeIdentifierTypes.Dns or AcmeIdentifierTypes.Ip;

    public async ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken)
    {
        // §8.3: over HTTP, on port 80, for the name itself.
        var host = request.Identifier.Address is { } address ? UrlHost(address) : request.Identifier.Value;
        var url = new Uri($"http://{host}:{Port}/.well-known/acme-challenge/{request.Token}");
        using var deadline = gate.Deadline(cancellationToken);
        var visited = new List<Uri>();
        try
        {
            while (true)
            {
                visited.Add(url);
                var answer = await HttpFetch.GetAsync(gate, url, deadline.Token);
                switch (answer)
                {
                    case HttpAnswer.Failed(var error, var detail):
                        return new ValidationResult.Invalid(error, $"Fetching {Shown(visited)} failed: {detail}.");
                    case HttpAnswer.Complete complete:
                        return Judge(complete, visited, request);
                    case HttpAnswer.Redirect redirect:
                        if (Follow(redirect, visited, out var next) is { } refused)
                        {
                            return new ValidationResult.Invalid(AcmeErrorType.IncorrectResponse, $"{Shown(visited)} at {redirect.From} redirects to '{AcmeText.Shown(redirect.Location)}', {refused}.");
                        }

                        url = next;
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Connection, $"Fetching {Shown(visited)} did not end {deadline.Within}.");
        }
    }

    // §8.3: whitespace at the end of the body is ignored.
    private static ValidationResult Judge(HttpAnswer.Complete answer, List<Uri> visited, ValidationRequest request)
    {
        if (answer.Status != HttpStatusCode.OK)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Unauthorized, $"{Shown(visited)} at {answer.From} answered with status {(int)answer.Status}; it should be 200, with the key authorization as its body.");
        }

        if (answer.Overflow)
        {
            return new ValidationResult.Invalid(
                AcmeErrorType.IncorrectResponse, $"{Shown(visited)} at {answer.From} answered with more octets than are read; the body should be the key authorization alone.");
        }

        var body = Encoding.Latin1.GetString(answer.Body).TrimEnd(' ', '\t', '\r', '\n', '\f', '\v');
        return string.Equals(body, request.KeyAuthorization, StringComparison.Ordinal)
            ? new ValidationResult.Valid($"http-01: {Shown(visited)} at {answer.From} holds the key authorization")
            : new ValidationResult.Invalid(
                AcmeErrorType.IncorrectResponse, $"{Shown(visited)} at {answer.From} should hold the key authorization '{request.KeyAuthorization}' and holds {ShownBody(body)}.");
    }

    /// <summary>Null and where to go on, or why not; as a clause that follows the target.</summary>
    private string? Follow(HttpAnswer.Redirect redirect, List<Uri> visited, out Uri next)
    {
        next = visited[^1];
        if (visited.Count > gate.Options.MaximumRedirects)
        {
            return $"one redirect too many; at most {gate.Options.MaximumRedirects} are followed";
        }

        if (Target(visited[^1], redirect.Location) is not { } target)
        {
            return "which is no URL";
        }

        if (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps)
        {
            return "which is neither http nor https";
        }

        if (target.UserInfo.Length > 0)
        {
            return "which carries credentials";
        }

        if (!gate.IsRedirectPort(target.IdnHost, target.Port))
        {
            return $"a port that is not followed; those are {string.Join(", ", gate.Options.RedirectPorts)}";
        }

        next = target;
        return visited.Contains(next) ? "where it was before" : null;
    }

    /// <summary>A redirect's target without its fragment; null when it is no URL with a host.</summary>
    private static Uri? Target(Uri from, string location)
    {
        try
        {
            return location.Length > 0 && Uri.TryCreate(from, location, out var target) && new UriBuilder(target) { Fragment = "" }.Uri is { IdnHost.Length: > 0 } bare ? bare : null;
        }
        catch (UriFormatException)
        {
            // A host that IDNA (RFC 5891) refuses: Uri finds it when IdnHost is asked for.
            return null;
        }
    }

    private static string UrlHost(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    // The place that was asked for, and where redirects led.
    private static string Shown(List<Uri> visited) =>
        visited.Count == 1 ? AcmeText.Shown(visited[0].ToString(), 400) : $"{AcmeText.Shown(visited[0].ToString(), 400)} (by {visited.Count - 1} redirects now {AcmeText.Shown(visited[^1].ToString(), 200)})";

    // Whoever asks for a validation learns nothing of a server by it (RFC 8555 §10.4): of its answer only another key authorization, by its form, is shown.
    private static string ShownBody(string body) =>
        body.Split('.') is [{ Length: > 0 and <= 128 } token, { Length: 43 } thumbprint] && JoseBase64.IsAlphabetOnly(token) && JoseBase64.IsAlphabetOnly(thumbprint)
            ? $"'{body}', which is another"
            : $"{body.Length} octets that are none";
}
