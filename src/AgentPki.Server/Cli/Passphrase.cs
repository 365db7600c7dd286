using System.Text;

namespace AgentPki.Server.Cli;

/// <summary>Asks for a passphrase: on the terminal without showing it; where there is none, one line of standard input.</summary>
internal static class Passphrase
{
    internal static string Ask(Terminal terminal, string prompt)
    {
        if (Console.IsInputRedirected)
        {
            return Console.In.ReadLine() ?? "";
        }

        terminal.Error.Write(new Spectre.Console.Text($"{prompt}: "));
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                typed.Append(key.KeyChar);
            }
        }

        terminal.Error.Write(new Spectre.Console.Text(Environment.NewLine));
        return typed.ToString();
    }
}
